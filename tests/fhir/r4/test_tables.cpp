#include <doctest/doctest.h>

#include <set>
#include <string>

#include "fhir/r4/tables.hpp"

using namespace causeway::fhir::r4;

TEST_SUITE("fhir/r4/tables") {
    TEST_CASE("the 146 concrete resource types, in order") {
        const auto all = resource_types();
        CHECK(all.size() == 146);
        CHECK(all.front() == "Account");
        CHECK(all.back() == "VisionPrescription");
        for (const auto name : all) {
            CHECK(is_resource_type(name));
            const TypeDef* type = find_type(name);
            REQUIRE(type);
            CHECK(is_a(*type, "Resource"));
            CHECK(find_element(*type, "id").type->name == "id");
        }
        for (const char* name :
             {"Resource", "DomainResource", "SubscriptionStatus", "HumanName", "Patient.contact", "", "patient"})
            CHECK_FALSE(is_resource_type(name));
    }

    TEST_CASE("every type and member is found by its name") {
        for (const TypeDef& type : types()) {
            CHECK(find_type(type.name) == &type);
            CHECK(&types()[type.index] == &type);
            std::uint16_t order = 0;
            for (const ElementDef& element : type.elements) {
                REQUIRE(!element.types.empty());
                REQUIRE(element.json_names.size() == element.types.size());
                for (std::size_t i = 0; i < element.types.size(); ++i) {
                    const MemberDef found = find_element(type, element.json_names[i]);
                    CHECK(found.element == &element);
                    CHECK(found.type == element.types[i]);
                    CHECK(found.order == order);
                }
                ++order;
            }
            CHECK(find_element(type, "nothing").element == nullptr);
        }
        CHECK(find_type("Patient.nothing") == nullptr);
    }

    TEST_CASE("knows cardinality, choice, references, bindings") {
        const TypeDef& observation = *find_type("Observation");
        const MemberDef value = find_element(observation, "valueQuantity");
        CHECK(value.element->name == "value");
        CHECK(value.element->is_choice);
        CHECK(value.element->types.size() == 11);
        CHECK(value.type->name == "Quantity");
        CHECK(find_element(observation, "value").element == nullptr);
        CHECK(find_choice(observation, "value") == value.element);
        CHECK(find_element(observation, "valueAddress").element == nullptr);
        const ElementDef& status = *find_element(observation, "status").element;
        CHECK(status.min == 1);
        CHECK(status.max == 1);
        CHECK(status.is_modifier);
        CHECK(status.is_summary);
        CHECK(status.binding == BindingStrength::required);
        CHECK(status.value_set == "http://hl7.org/fhir/ValueSet/observation-status");
        const ElementDef& subject = *find_element(observation, "subject").element;
        CHECK(subject.targets.size() == 4);
        CHECK(find_element(observation, "category").element->max == 0);
        const MemberDef range = find_element(*find_element(observation, "component").type, "referenceRange");
        CHECK(range.element->is_content_reference);
        CHECK(range.type->name == "Observation.referenceRange");
        CHECK(find_element(*find_type("Extension"), "url").element->is_attribute);
        CHECK(find_element(*find_type("Extension"), "valueDosage").type->name == "Dosage");
        CHECK(find_element(*find_type("Bundle.entry"), "resource").type->name == "Resource");
        CHECK(find_element(*find_type("Dosage"), "asNeededBoolean").type->primitive == Primitive::boolean);
        CHECK(is_a(*find_type("Age"), "Quantity"));
        CHECK(is_a(*find_type("code"), "string"));
        CHECK_FALSE(is_a(*find_type("string"), "code"));
        CHECK(find_type("Patient.contact")->base->name == "BackboneElement");
    }

    TEST_CASE("search parameters by resource type") {
        const auto patient = search_parameters("Patient");
        std::set<std::string> codes;
        for (const auto& parameter : patient) {
            CHECK(parameter.base == "Patient");
            CHECK(find_search_parameter("Patient", parameter.code) == &parameter);
            codes.emplace(parameter.code);
        }
        for (const char* code : {"_id", "_lastUpdated", "_profile", "_text", "birthdate", "name", "mothersMaidenName"})
            CHECK(codes.count(code) == 1);
        CHECK(codes.count("_has") == 0);
        CHECK(find_search_parameter("Binary", "_text") == nullptr);
        const auto* subject = find_search_parameter("AllergyIntolerance", "patient");
        REQUIRE(subject);
        CHECK(subject->expression == "AllergyIntolerance.patient");
        CHECK(subject->type == SearchType::reference);
        const auto* combined = find_search_parameter("Observation", "code-value-quantity");
        REQUIRE(combined);
        CHECK(combined->components.size() == 2);
        CHECK(combined->components[0].id == "clinical-code");
        std::uint16_t index = 0;
        for (const auto& parameter : search_parameters()) CHECK(parameter.index == index++);
        CHECK(search_parameters("Nothing").empty());
        for (const auto name : resource_types()) CHECK(find_search_parameter(name, "_lastUpdated"));
    }

    TEST_CASE("compartments") {
        CHECK(compartment("Patient").size() == 66);
        CHECK(compartment("Encounter").size() == 25);
        CHECK(compartment("Device").size() == 32);
        CHECK(compartment("Practitioner").size() == 59);
        CHECK(compartment("RelatedPerson").size() == 32);
        CHECK(compartment("Group").empty());
        for (const auto& row : compartment("Patient")) {
            CHECK(row.type != "Task");
            for (const auto name : row.parameters)
                if (name != "{def}") CHECK_MESSAGE(find_search_parameter(row.type, name), row.type, ".", name);
        }
    }
}
