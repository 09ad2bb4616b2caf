#include <doctest/doctest.h>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"

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
}
