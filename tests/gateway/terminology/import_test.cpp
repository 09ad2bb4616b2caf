#include "gateway/terminology/import.hpp"

#include <doctest/doctest.h>

#include "gateway/terminology/concept_files.hpp"
#include "tests/gateway/terminology/folder.hpp"

using namespace causeway::terminology;
using causeway::test::Folder;
using Files = std::vector<std::filesystem::path>;

namespace {

std::string failure(const Folder& folder, std::string_view system, const Files& files) {
    try {
        import_system(*find_importable(system), files, folder.path() / "out");
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "no failure";
}

std::string value_of(const std::vector<causeway::fhir::ConceptProperty>& properties, std::string_view code) {
    for (const auto& property : properties)
        if (property.code == code) return property.value;
    return {};
}

constexpr const char* loinc_csv =
    "\"LOINC_NUM\",\"COMPONENT\",\"PROPERTY\",\"SCALE_TYP\",\"CLASS\",\"VersionLastChanged\",\"STATUS\",\"SHORTNAME\","
    "\"LONG_COMMON_NAME\"\n"
    "\"718-7\",\"Hemoglobin\",\"MCnc\",\"Qn\",\"HEM/BC\",\"2.73\",\"ACTIVE\",\"Hgb Bld-mCnc\",\"Hemoglobin "
    "[Mass/volume] in Blood\"\n"
    "\"1-8\",\"Old, one\",\"MCnc\",\"Ord\",\"CHEM\",\"2.9\",\"DEPRECATED\",\"Old\",\"Old thing\"\n";

// ids: 1 root, 2 finding, 3 asthma, 4 old
constexpr const char* rf2_concepts =
    "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\n"
    "138875005\t20020131\t1\t900000000000207008\t900000000000074008\n"
    "404684003\t20020131\t1\t900000000000207008\t900000000000074008\n"
    "195967001\t20230601\t1\t900000000000207008\t900000000000073002\n"
    "999000\t20020131\t0\t900000000000207008\t900000000000074008\n";
constexpr const char* rf2_descriptions =
    "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"
    "1\t2002\t1\tm\t195967001\ten\t900000000000013009\tBronchial asthma\tx\n"
    "2\t2002\t1\tm\t195967001\ten\t900000000000003001\tAsthma (disorder)\tx\n"
    "3\t2002\t1\tm\t195967001\ten\t900000000000013009\tAsthma\tx\n"
    "4\t2002\t0\tm\t195967001\ten\t900000000000013009\tGone\tx\n"
    "5\t2002\t1\tm\t404684003\ten\t900000000000003001\tClinical finding (finding)\tx\n";
constexpr const char* rf2_relationships =
    "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmod"
    "ifierId\n"
    "1\t2002\t1\tm\t195967001\t404684003\t0\t116680003\tc\tm\n"
    "2\t2002\t1\tm\t404684003\t138875005\t0\t116680003\tc\tm\n"
    "3\t2002\t1\tm\t195967001\t138875005\t1\t363698007\tc\tm\n"
    "4\t2002\t0\tm\t138875005\t195967001\t0\t116680003\tc\tm\n";
constexpr const char* rf2_language =
    "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tacceptabilityId\n"
    "a\t2002\t1\tm\t900000000000509007\t3\t900000000000548007\n"
    "b\t2002\t1\tm\t900000000000508004\t1\t900000000000548007\n";
constexpr const char* rf2_members =
    "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\n"
    "a\t2002\t1\tm\t723264001\t195967001\n"
    "b\t2002\t0\tm\t723264001\t404684003\n";

}  // namespace

TEST_SUITE("gateway/terminology/import") {
    TEST_CASE("LOINC: terms, hierarchy, answers, in any order") {
        const Folder folder;
        const auto answers = folder.write(
            "AnswerList.csv",
            "AnswerListId,AnswerListName,AnswerStringId,DisplayText\nLL1-1,x,LA2-8,Male\nLL1-1,x,LA3-6,Female\n");
        const auto hierarchy = folder.write("ComponentHierarchyBySystem.csv",
                                            "PATH_TO_ROOT,SEQUENCE,IMMEDIATE_PARENT,CODE,CODE_TEXT\n,1,,LP1-1,"
                                            "Laboratory\nLP1-1,1,LP1-1,718-7,Hemoglobin\n");
        const auto terms = folder.write("Loinc.csv", loinc_csv);
        const auto report =
            import_system(*find_importable("loinc"), Files{answers, hierarchy, terms}, folder.path() / "out");
        CHECK(report.version == "2.73");
        CHECK(report.concepts == 5);
        CHECK(report.links == 1);
        const ConceptFiles files(folder.path() / "out");
        const auto found = files.find("http://loinc.org", "718-7");
        REQUIRE(found);
        CHECK(found->display == "Hemoglobin [Mass/volume] in Blood");
        CHECK_FALSE(found->inactive);
        CHECK(files.find("http://loinc.org", "1-8")->inactive);
        CHECK(value_of(files.properties("http://loinc.org", "1-8"), "COMPONENT") == "Old, one");
        CHECK(files.has_property("http://loinc.org", "718-7", "SCALE_TYP", "Qn") == true);
        CHECK(files.has_property("http://loinc.org", "718-7", "SCALE_TYP", "Ord") == false);
        CHECK_FALSE(files.has_property("http://loinc.org", "718-7", "NOTHING", "Ord").has_value());
        CHECK(files.has_property("http://loinc.org", "LA2-8", "LIST", "LL1-1") == true);
        CHECK(files.subsumes("http://loinc.org", "LP1-1", "718-7") == true);
        CHECK(files.find("http://loinc.org", "LP1-1")->is_abstract);
        CHECK(files.designations("http://loinc.org", "718-7").at(0).value == "Hgb Bld-mCnc");
    }

    TEST_CASE("SNOMED CT: preferred terms, is-a, attributes, reference sets") {
        const Folder folder;
        const Files all{folder.write("m.txt", rf2_members), folder.write("r.txt", rf2_relationships),
                        folder.write("d.txt", rf2_descriptions), folder.write("l.txt", rf2_language),
                        folder.write("c.txt", rf2_concepts)};
        const auto& snomed = *find_importable("snomed");
        const auto report = import_system(snomed, all, folder.path() / "out");
        CHECK(report.version == "http://snomed.info/sct/900000000000207008/version/20230601");
        CHECK(report.concepts == 4);
        CHECK(report.links == 2);
        CHECK(report.notes.empty());
        const ConceptFiles files(folder.path() / "out");
        CHECK(files.find(snomed.url, "195967001")->display == "Asthma");
        CHECK(files.find(snomed.url, "404684003")->display == "Clinical finding (finding)");
        CHECK(files.find(snomed.url, "999000")->inactive);
        CHECK(files.designations(snomed.url, "195967001").size() == 3);
        CHECK(files.subsumes(snomed.url, "138875005", "195967001") == true);
        CHECK(files.subsumes(snomed.url, "195967001", "138875005") == false);
        CHECK(files.parents(snomed.url, "195967001") == std::vector<std::string>{"404684003"});
        CHECK(files.children(snomed.url, "138875005") == std::vector<std::string>{"404684003"});
        CHECK(value_of(files.properties(snomed.url, "195967001"), "363698007") == "138875005");
        CHECK(files.has_property(snomed.url, "195967001", "memberOf", "723264001") == true);
        CHECK(files.has_property(snomed.url, "404684003", "memberOf", "723264001") == false);
        import_system(snomed, all, folder.path() / "out", {.version = "v", .language_refset = "900000000000508004"});
        const ConceptFiles british(folder.path() / "out");
        CHECK(british.find(snomed.url, "195967001")->display == "Bronchial asthma");
        CHECK(british.version_of(snomed.url) == "v");
        const auto without = import_system(snomed, Files{all[4], all[2]}, folder.path() / "out");
        CHECK(without.notes.size() == 1);
        CHECK(ConceptFiles(folder.path() / "out").find(snomed.url, "195967001")->display == "Asthma (disorder)");
    }

    TEST_CASE("RxNorm: the best term type names the concept") {
        const Folder folder;
        const auto names =
            folder.write("RXNCONSO.RRF",
                         "161|ENG||||||1||161||RXNORM|SY|161|APAP||N||\n"
                         "161|ENG||||||2||161||RXNORM|IN|161|acetaminophen||N||\n"
                         "161|ENG||||||3||161||MTHSPL|SU|161|other||N||\n"
                         "198440|ENG||||||4||198440||RXNORM|SCD|198440|acetaminophen 500 MG Oral Tablet||N||\n"
                         "9|ENG||||||5||9||RXNORM|SCD|9|old||O||\n");
        const auto relations = folder.write("RXNREL.RRF",
                                            "161||CUI|RO|198440||CUI|has_ingredient|||RXNORM||||N||\n"
                                            "161||CUI|RN|9||CUI|isa|||RXNORM||||N||\n");
        const auto attributes = folder.write("RXNSAT.RRF", "198440||||CUI|198440|||NDC|RXNORM|00000000001|N||\n");
        const auto& rxnorm = *find_importable("rxnorm");
        const auto report = import_system(rxnorm, Files{attributes, relations, names}, folder.path() / "out");
        CHECK(report.concepts == 3);
        const ConceptFiles files(folder.path() / "out");
        CHECK(files.find(rxnorm.url, "161")->display == "acetaminophen");
        CHECK(files.find(rxnorm.url, "9")->inactive);
        CHECK(files.has_property(rxnorm.url, "198440", "has_ingredient", "161") == true);
        CHECK(files.has_property(rxnorm.url, "198440", "NDC", "00000000001") == true);
        CHECK(files.has_property(rxnorm.url, "161", "TTY", "IN") == true);
        CHECK(files.subsumes(rxnorm.url, "161", "9") == true);
    }

    TEST_CASE("ICD-10-CM: dots, headings, hierarchy by code") {
        const Folder folder;
        const auto file = folder.write(
            "icd10cm-order-2024.txt",
            "00001 E11     0 Type 2 diabetes mellitus                                     Type 2 diabetes mellitus\r\n"
            "00002 E119    1 Type 2 diabetes mellitus w/o complications                   Type 2 diabetes mellitus "
            "without complications\r\n");
        const auto& icd = *find_importable("icd10cm");
        CHECK(import_system(icd, Files{file}, folder.path() / "out", {.version = "2024"}).concepts == 2);
        const ConceptFiles files(folder.path() / "out");
        CHECK(files.find(icd.url, "E11.9")->display == "Type 2 diabetes mellitus without complications");
        CHECK(files.find(icd.url, "E119")->code == "E11.9");
        CHECK(files.find(icd.url, "E11")->is_abstract);
        CHECK(files.subsumes(icd.url, "E11", "E11.9") == true);
        CHECK(failure(folder, "icd10cm", {folder.write("bad.txt", "E11 Type 2\n")}).find("bad.txt:1: not a line") !=
              std::string::npos);
    }

    TEST_CASE("CVX and NDC") {
        const Folder folder;
        const auto& cvx = *find_importable("cvx");
        import_system(
            cvx,
            Files{folder.write("cvx.txt",
                               "143     |Adenovirus types 4 and 7|Adenovirus, type 4 and type 7, live, oral|a "
                               "note|Active|False|2011/03/20\n"
                               "54|adenovirus, type 4|adenovirus vaccine, type 4|x|Inactive|False|2010/09/30\n")},
            folder.path() / "out");
        const auto& ndc = *find_importable("ndc");
        import_system(
            ndc,
            Files{
                folder.write(
                    "package.txt",
                    "PRODUCTID\tPRODUCTNDC\tNDCPACKAGECODE\tPACKAGEDESCRIPTION\nx\t0002-0800\t0002-0800-01\t1 VIAL\n"),
                folder.write("product.txt",
                             "PRODUCTID\tPRODUCTNDC\tPROPRIETARYNAME\tNONPROPRIETARYNAME\tROUTENAME\nx\t0002-"
                             "0800\tSterile Diluent\tdiluent\tSUBCUTANEOUS\n")},
            folder.path() / "out");
        const ConceptFiles files(folder.path() / "out");
        CHECK(files.systems().size() == 2);
        CHECK(files.find(cvx.url, "143")->display == "Adenovirus types 4 and 7");
        CHECK(files.find(cvx.url, "54")->inactive);
        CHECK_FALSE(files.subsumes(cvx.url, "143", "54").has_value());
        CHECK(files.find(ndc.url, "0002-0800-01")->display == "1 VIAL");
        CHECK(files.find(ndc.url, "00002080001")->code == "0002-0800-01");
        CHECK(files.parents(ndc.url, "0002-0800-01") == std::vector<std::string>{"0002-0800"});
    }

    TEST_CASE("an import that fails leaves what was there") {
        const Folder folder;
        import_system(*find_importable("loinc"), Files{folder.write("Loinc.csv", loinc_csv)}, folder.path() / "out");
        CHECK(failure(folder, "loinc", {folder.write("what.csv", "a,b\n1,2\n")}).find("what.csv: not a LOINC file") !=
              std::string::npos);
        CHECK(failure(folder, "loinc", {folder.path() / "missing.csv"}).find("cannot be read") != std::string::npos);
        CHECK(failure(folder, "loinc", {folder.write("head.csv", "LOINC_NUM,LONG_COMMON_NAME\n")})
                  .find("none of the files") != std::string::npos);
        CHECK(
            failure(folder, "snomed",
                    {folder.write("twice", std::string(rf2_concepts) + "999000\t20020131\t0\t900000000000207008\tx\n")})
                .find("twice:6: the concept stands twice") != std::string::npos);
        CHECK(ConceptFiles(folder.path() / "out").version_of("http://loinc.org") == "2.73");
        for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "out"))
            CHECK(entry.path().extension() == ".db");
        CHECK(remove_system(*find_importable("loinc"), folder.path() / "out"));
        CHECK_FALSE(remove_system(*find_importable("loinc"), folder.path() / "out"));
    }
}
