#include <doctest/doctest.h>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/r4/names.hpp"

using namespace causeway::fhir;

TEST_SUITE("fhir/model/builder") {
    TEST_CASE("builds a resource") {
        DocumentBuilder builder("Patient");
        auto patient = builder.root();
        patient.member("active").set_boolean(true);
        auto name = patient.append("name");
        name.member("family").set_string("Chalmers");
        name.append("given").set_string("Peter");
        name.item("given", 2).set_string("James");
        patient.member("birthDate")
            .set_string("1974-12-25")
            .member("extension")
            .append_item()
            .member("url")
            .set_string("u");
        auto weight = patient.append("extension");
        weight.member("valueDecimal").set_number("1.50");
        weight.member("valueInteger").set_number(std::int64_t{-7});
        patient.member("deceasedBoolean").as_primitive().append("extension").member("url").set_string("d");
        CHECK(patient.find("active").get().text() == "true");
        CHECK_FALSE(patient.find("gender"));
        const auto document = std::move(builder).finish();
        CHECK(document->resource_type() == "Patient");
        CHECK(
            to_json(document->root()) ==
            R"({"resourceType":"Patient","active":true,"name":[{"family":"Chalmers","given":["Peter",null,"James"]}],)"
            R"("birthDate":"1974-12-25","_birthDate":{"extension":[{"url":"u"}]},)"
            R"("extension":[{"valueDecimal":1.50,"valueInteger":-7}],"_deceasedBoolean":{"extension":[{"url":"d"}]}})");
        CHECK(path_of(document->root()["name"].first()["given"].item(2)) == "Patient.name[0].given[2]");
    }

    TEST_CASE("edits a copy and leaves the original") {
        const auto original = *parse_json(
            R"({"resourceType":"Patient","id":"1","name":[{"family":"a"},{"family":"b"},{"family":"c"}],"gender":"male"})");
        const std::string before = to_json(original->root());
        auto builder = DocumentBuilder::edit(original);
        auto patient = builder.root();
        CHECK(patient.remove("gender"));
        CHECK_FALSE(patient.remove("gender"));
        CHECK(patient.remove_item("name", 1));
        CHECK_FALSE(patient.remove_item("name", 2));
        patient.insert("name", 0).member("family").set_string("first");
        patient.insert("name", 99).member("family").set_string("last");
        CHECK(patient.move_item("name", 3, 1));
        CHECK_FALSE(patient.move_item("name", 4, 0));
        patient.member("id").set_string("2");
        const auto edited = std::move(builder).finish();
        CHECK(
            to_json(edited->root()) ==
            R"({"resourceType":"Patient","id":"2","name":[{"family":"first"},{"family":"last"},{"family":"a"},{"family":"c"}]})");
        CHECK(to_json(original->root()) == before);
        CHECK(edited->id() == "2");
    }

    TEST_CASE("an edited document outlives the original's last owner") {
        auto original = *parse_json(R"({"resourceType":"Patient","id":"some id that lies in the source bytes"})");
        auto builder = DocumentBuilder::edit(original);
        original.reset();
        const auto edited = std::move(builder).finish();
        CHECK(edited->id() == "some id that lies in the source bytes");
    }

    TEST_CASE("copies with extensions and prunes what is empty") {
        const auto source = *parse_json(R"({"a":"x","_a":{"id":"1"},"b":[{"c":1}]})");
        DocumentBuilder builder;
        builder.root().member("copy").copy_from(source->root());
        builder.root().member("empty").as_object();
        builder.root().append("list");
        builder.root().member("deep").member("deeper").append("deepest");
        builder.root().member("unset");
        builder.root().prune();
        CHECK(to_json(std::move(builder).finish()->root()) == R"({"copy":{"a":"x","_a":{"id":"1"},"b":[{"c":1}]}})");
    }

    TEST_CASE("removing the last child leaves the list whole") {
        DocumentBuilder builder;
        auto root = builder.root();
        root.append("l").set_string("a");
        root.append("l").set_string("b");
        CHECK(root.remove_item("l", 1));
        root.append("l").set_string("c");
        CHECK(root.remove_item("l", 0));
        CHECK(root.remove_item("l", 0));
        root.append("l").set_string("d");
        CHECK(to_json(root.get()) == R"({"l":["d"]})");
    }

    TEST_CASE("a name of R4 is found once, whoever wrote the members before it") {
        const auto family = r4::framed_name("family"), given = r4::framed_name("given"), text = r4::framed_name("text");
        DocumentBuilder builder("Patient");
        auto name = builder.root().append("name");
        auto first = name.member_framed(family);
        first.set_string("Chalmers");
        CHECK(may_have(name.get(), FramedName::bit_of(family.data())));
        CHECK_FALSE(may_have(Element(), FramedName::bit_of(family.data())));
        CHECK(name.member_framed(family).node() == first.node());
        CHECK_FALSE(member_of(name.get(), given));
        // a member whose name is another text of the same letters
        auto second = name.member("given");
        second.set_string("Peter");
        CHECK(name.member_framed(given).node() == second.node());
        CHECK(name.member_framed(family).node() == first.node());
        CHECK(name.member_framed(text).node() != first.node());
        CHECK(name.get().size() == 3);
        CHECK(name.get().text().empty());
        // gone, and there again
        CHECK(name.remove("family"));
        CHECK_FALSE(member_of(name.get(), family));
        name.member_framed(family).set_string("Windsor");
        CHECK(name.get()["family"].text() == "Windsor");
        // every name of a long object, and a copy of it
        auto many = builder.root().append("contact");
        constexpr std::string_view names[] = {"id",     "extension", "gender", "name", "period", "use",    "value",
                                              "system", "rank",      "code",   "text", "url",    "coding", "status",
                                              "unit",   "start",     "end",    "city", "state",  "line"};
        for (const auto each : names) {
            CHECK_FALSE(member_of(many.get(), r4::framed_name(each)));
            many.member_framed(r4::framed_name(each)).set_string(each);
        }
        auto copy = builder.root().append("contact");
        copy.copy_ref_from(many.get());
        for (const auto each : names) {
            CHECK(member_of(many.get(), r4::framed_name(each)).text() == each);
            CHECK(member_of(copy.get(), r4::framed_name(each)).text() == each);
        }
        CHECK(same_content(many.get(), copy.get()));
        // an object that becomes a text, and an object once more
        copy.set_string("said otherwise");
        CHECK(copy.get().text() == "said otherwise");
        copy.remove_all();
        copy.member_framed(family).set_string("Lind");
        CHECK(copy.get().size() == 1);
        CHECK(copy.member_framed(family).get().text() == "Lind");
    }
}
