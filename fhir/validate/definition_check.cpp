#include <array>
#include <unordered_set>

#include "fhir/path/expression.hpp"
#include "fhir/validate/run.hpp"

namespace causeway::fhir {

namespace {

struct VitalSign {
    std::string_view code;  ///< of LOINC
    std::string_view profile;
};
// R4, "Vital Signs Profile": the codes that each of its profiles is for.
constexpr auto vital_signs = std::to_array<VitalSign>({
    {"85353-1", "http://hl7.org/fhir/StructureDefinition/vitalspanel"},
    {"9279-1", "http://hl7.org/fhir/StructureDefinition/resprate"},
    {"8867-4", "http://hl7.org/fhir/StructureDefinition/heartrate"},
    {"2708-6", "http://hl7.org/fhir/StructureDefinition/oxygensat"},
    {"8310-5", "http://hl7.org/fhir/StructureDefinition/bodytemp"},
    {"8302-2", "http://hl7.org/fhir/StructureDefinition/bodyheight"},
    {"9843-4", "http://hl7.org/fhir/StructureDefinition/headcircum"},
    {"29463-7", "http://hl7.org/fhir/StructureDefinition/bodyweight"},
    {"39156-5", "http://hl7.org/fhir/StructureDefinition/bmi"},
    {"85354-9", "http://hl7.org/fhir/StructureDefinition/bp"},
});

/// enableWhen.question is "the linkId of the question": one that is there.
class QuestionnaireCheck {
public:
    QuestionnaireCheck(Run& run, Element questionnaire) : run_(run) {
        collect(questionnaire);
        questions(questionnaire);
    }

private:
    void collect(Element owner) {
        for (const Element item : owner["item"].items()) {
            ids_.insert(item["linkId"].text());
            collect(item);
        }
    }
    void questions(Element owner) {
        for (const Element item : owner["item"].items()) {
            for (const Element condition : item["enableWhen"].items())
                if (const Element question = condition["question"];
                    question.has_value() && ids_.count(question.text()) == 0)
                    run_.error(IssueCode::not_found, question, "enableWhen names a question that is not there",
                               "questionnaire");
            questions(item);
        }
    }

    Run& run_;
    std::unordered_set<std::string_view> ids_;
};

/// An expression of FHIRPath can be read. What is not known here (a function, a type) is a warning: it may be known
/// elsewhere.
void check_expression(Run& run, Element expression) {
    if (!expression.has_value()) return;
    path::CompileOptions options;
    options.as_filters = true;
    const auto compiled = path::Expression::compile(expression.text(), options);
    if (compiled) return;
    const auto& error = compiled.error();
    run.report(error.code == Errc::syntax ? Severity::error : Severity::warning, IssueCode::value, expression,
               "the expression cannot be read as FHIRPath: " + error.message, "fhirpath");
}

void check_structure_definition(Run& run, Element definition) {
    for (const std::string_view part : {std::string_view("differential"), std::string_view("snapshot")})
        for (const Element element : definition[part]["element"].items())
            for (const Element constraint : element["constraint"].items())
                check_expression(run, constraint["expression"]);
}

}  // namespace

std::string_view vital_sign_profile(Element resource) noexcept {
    if (resource.resource_type() != "Observation" || resource["status"].text() == "entered-in-error") return {};
    for (const Element coding : resource["code"]["coding"].items()) {
        if (coding["system"].text() != "http://loinc.org") continue;
        for (const VitalSign& sign : vital_signs)
            if (sign.code == coding["code"].text()) return sign.profile;
    }
    return {};
}

void check_definition(Run& run, Element resource) {
    const auto type = resource.resource_type();
    if (type == "Questionnaire") QuestionnaireCheck(run, resource);
    if (type == "QuestionnaireResponse") check_response(run, resource);
    if (type == "SearchParameter") check_expression(run, resource["expression"]);
    if (type == "StructureDefinition") check_structure_definition(run, resource);
}

}  // namespace causeway::fhir
