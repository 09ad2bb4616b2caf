#include "gateway/terminology/import.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "gateway/terminology/importers.hpp"

namespace causeway::terminology {

namespace {

using Importer = void (*)(ImportJob&);

constexpr std::array<ImportableSystem, 6> systems = {{
    {"loinc", "http://loinc.org", "LOINC",
     "Loinc.csv; with it ComponentHierarchyBySystem.csv and AnswerList.csv, if wanted"},
    {"snomed", "http://snomed.info/sct", "SNOMED CT",
     "RF2 snapshot: Concept, Description, Relationship; with them language and simple reference sets, if wanted"},
    {"rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm", "RxNorm", "RXNCONSO.RRF, RXNREL.RRF, RXNSAT.RRF"},
    {"icd10cm", "http://hl7.org/fhir/sid/icd-10-cm", "ICD-10-CM", "the order file, icd10cm-order-YYYY.txt"},
    {"cvx", "http://hl7.org/fhir/sid/cvx", "CVX", "cvx.txt, separated by |"},
    {"ndc", "http://hl7.org/fhir/sid/ndc", "NDC", "product.txt and package.txt, separated by tabs"},
}};
constexpr std::array<Importer, 6> importers = {import_loinc,   import_snomed, import_rxnorm,
                                               import_icd10cm, import_cvx,    import_ndc};

}  // namespace

std::span<const ImportableSystem> importable_systems() noexcept { return systems; }

const ImportableSystem* find_importable(std::string_view name) noexcept {
    const auto found = std::find_if(systems.begin(), systems.end(), [&](const auto& one) { return one.name == name; });
    return found == systems.end() ? nullptr : &*found;
}

ImportReport import_system(const ImportableSystem& system, std::span<const std::filesystem::path> files,
                           const std::filesystem::path& folder, const ImportOptions& options) {
    ImportReport report;
    report.version = options.version;
    SystemWriter out(folder, system.name);
    ImportJob job{files, options, out, report};
    importers.at(static_cast<std::size_t>(&system - systems.data()))(job);
    report.concepts = out.concepts();
    if (report.concepts == 0)
        throw std::runtime_error("none of the files holds codes of " + std::string(system.title) +
                                 "; wanted: " + std::string(system.files));
    if (report.version.empty()) report.version = "unknown";
    out.set("system", system.url);
    out.set("title", system.title);
    out.set("version", report.version);
    out.finish();
    return report;
}

bool remove_system(const ImportableSystem& system, const std::filesystem::path& folder) {
    return std::filesystem::remove(folder / (std::string(system.name) + ".db"));
}

}  // namespace causeway::terminology
