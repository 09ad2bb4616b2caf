// ValueSet, CodeSystem and ConceptMap operations: fhir/terminology answers, this reads the inputs and writes the outputs.
#include <charconv>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/terminology_service.hpp"

namespace causeway::rest {
namespace {

using fhir::Element;
using fhir::IssueCode;
using fhir::MutableElement;

Fault fault_of_terminology(const fhir::Error& error) {
    switch (error.code) {
        case fhir::Errc::unknown_name:
            return fault(404, IssueCode::not_found, error.message);
        case fhir::Errc::too_large:
        case fhir::Errc::too_deep:
            return fault(422, IssueCode::too_costly, error.message);
        case fhir::Errc::not_supported:
            return fault(422, IssueCode::not_supported, error.message);
        default:
            return fault(422, IssueCode::business_rule, error.message);
    }
}

/// One request: its inputs, and the terminology that answers it.
struct Asked {
    const Services& services;
    const Call& call;
    const fhir::DocumentPtr& body;
    std::shared_ptr<const fhir::Terminology> terminology;

    std::string_view text(std::string_view name) const { return input(call, body, name); }
    bool flag(std::string_view name) const { return text(name) == "true"; }
    /// `parameter[name].value[x]` of the body.
    Element value(std::string_view name) const {
        if (!body || body->resource_type() != "Parameters") return {};
        for (const Element one : body->root()["parameter"].items()) {
            if (one["name"].text() != name) continue;
            for (const Element member : one.children())
                if (member.name().starts_with("value")) return member;
        }
        return {};
    }
    Outcome<std::size_t> number(std::string_view name, std::size_t otherwise) const {
        const std::string_view digits = text(name);
        if (digits.empty()) return {boost::system::in_place_value, otherwise};
        std::size_t out = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out);
        if (read.ec != std::errc() || read.ptr != digits.data() + digits.size())
            return fault(400, IssueCode::value, std::string(name) + " is not a number");
        return {boost::system::in_place_value, out};
    }
};

/// The codings that are asked about: `codeableConcept`, `coding`, or `code` with its system.
std::vector<fhir::CodingView> codings(const Asked& asked, std::string_view system) {
    const auto of = [](Element coding) {
        return fhir::CodingView{coding["system"].text(), coding["code"].text(), coding["version"].text(),
                                coding["display"].text()};
    };
    std::vector<fhir::CodingView> out;
    if (const Element codeable = asked.value("codeableConcept")) {
        for (const Element coding : codeable["coding"].items()) out.push_back(of(coding));
    } else if (const Element coding = asked.value("coding")) {
        out.push_back(of(coding));
    } else if (const auto code = asked.text("code"); !code.empty()) {
        out.push_back({system, code, asked.text("version"), asked.text("display")});
    }
    return out;
}

/// A value set with what keeps it: stored under the call's id, sent along, or known by URL.
struct Found {
    fhir::DocumentPtr document;
    fhir::ValueSet read;
    const fhir::ValueSet* value = nullptr;
};

Outcome<std::shared_ptr<Found>> find_value_set(const Asked& asked) {
    auto found = std::make_shared<Found>();
    if (!asked.call.route.id.empty()) {
        auto snapshot = asked.services.store.snapshot();
        if (snapshot.has_error()) return fault_of(snapshot.error());
        auto stored = (*snapshot)->read("ValueSet", asked.call.route.id);
        if (stored.has_error()) return fault_of(stored.error());
        bool seen = stored->has_value() && !(*stored)->erased();
        if (seen && asked.call.visibility) {
            auto told = (*snapshot)->sees(*asked.call.visibility, **stored);
            if (told.has_error()) return fault_of(told.error());
            seen = *told;
        }
        if (!seen) return fault(404, IssueCode::not_found, "There is no resource of this type with this id");
        auto document = fhir::parse_json((*stored)->json());
        if (document.has_error()) return fault_of(document.error());
        found->document = std::move(*document);
        found->read = fhir::read_value_set(found->document->root());
        found->value = &found->read;
        return found;
    }
    Element inline_set = asked.body && asked.body->resource_type() == "Parameters"
                             ? input_resource(asked.body, "valueSet")
                         : asked.body && asked.body->resource_type() == "ValueSet" ? asked.body->root()
                                                                                   : Element();
    if (inline_set) {
        found->document = asked.body;
        found->read = fhir::read_value_set(inline_set);
        found->value = &found->read;
        return found;
    }
    std::string url(asked.text("url"));
    if (url.empty()) return fault(400, IssueCode::required, "The value set is missing: give url or valueSet");
    if (const auto version = asked.text("valueSetVersion"); !version.empty()) url.append("|").append(version);
    found->value = asked.terminology->find_value_set(url);
    if (!found->value) return fault(404, IssueCode::not_found, "The value set is not known to this server");
    return found;
}

/// A Parameters resource under construction.
class Output {
public:
    Output() : builder_("Parameters") {}
    MutableElement add(std::string_view name) {
        MutableElement parameter = builder_.root().append("parameter");
        parameter.member("name").set_string(name);
        return parameter;
    }
    void text(std::string_view name, std::string_view member, std::string_view value) {
        if (!value.empty()) add(name).member(member).set_string(value);
    }
    void flag(std::string_view name, bool value) { add(name).member("valueBoolean").set_boolean(value); }
    void property(std::string_view code, std::string_view value) {
        MutableElement parameter = add("property");
        MutableElement part = parameter.append("part");
        part.member("name").set_string("code");
        part.member("valueCode").set_string(code);
        part = parameter.append("part");
        part.member("name").set_string("value");
        part.member("valueCode").set_string(value);
    }
    http::Response answer(const Call& call) && {
        return json_response(call.format, 200, fhir::to_json(std::move(builder_).finish()->root()));
    }

private:
    fhir::DocumentBuilder builder_;
};

Outcome<http::Response> expand(const Asked& asked) {
    fhir::ExpandOptions options;
    const auto offset = asked.number("offset", 0), count = asked.number("count", options.count);
    if (offset.has_error()) return offset.error();
    if (count.has_error()) return count.error();
    options.filter = asked.text("filter");
    options.offset = *offset;
    options.count = std::min<std::size_t>(*count, 10'000);
    options.active_only = asked.flag("activeOnly");
    auto found = find_value_set(asked);
    if (found.has_error()) return found.error();
    auto expansion = asked.terminology->expand(*(*found)->value, options);
    if (expansion.has_error()) return fault_of_terminology(expansion.error());

    fhir::DocumentBuilder builder("ValueSet");
    MutableElement root = builder.root();
    const auto set = [](MutableElement at, std::string_view name, std::string_view value) {
        if (!value.empty()) at.member(name).set_string(value);
    };
    if (!asked.call.route.id.empty()) set(root, "id", asked.call.route.id);
    set(root, "url", (*found)->value->url);
    set(root, "version", (*found)->value->version);
    set(root, "name", (*found)->value->name);
    set(root, "status", "active");
    MutableElement made = root.member("expansion");
    set(made, "identifier", "urn:uuid:" + asked.services.store.new_id());
    set(made, "timestamp", instant(asked.call.now_us));
    made.member("total").set_number(std::to_string(expansion->total));
    made.member("offset").set_number(std::to_string(options.offset));
    for (const auto& [name, type] : {std::pair{"filter", "valueString"}, {"activeOnly", "valueBoolean"}}) {
        const auto value = asked.text(name);
        if (value.empty()) continue;
        MutableElement parameter = made.append("parameter");
        set(parameter, "name", name);
        if (type == std::string_view("valueBoolean"))
            parameter.member(type).set_boolean(value == "true");
        else
            set(parameter, type, value);
    }
    for (const auto& item : expansion->items) {
        MutableElement contains = made.append("contains");
        set(contains, "system", item.system);
        if (item.is_abstract) contains.member("abstract").set_boolean(true);
        if (item.is_inactive) contains.member("inactive").set_boolean(true);
        set(contains, "version", item.version);
        set(contains, "code", item.code);
        set(contains, "display", item.display);
    }
    return json_response(asked.call.format, 200, fhir::to_json(std::move(builder).finish()->root()));
}

http::Response validation(const Asked& asked, const std::vector<fhir::CodeAnswer>& answers) {
    const fhir::CodeAnswer* chosen = nullptr;
    for (const auto& each : answers)
        if (!chosen || (each.answer == fhir::Answer::yes && chosen->answer != fhir::Answer::yes)) chosen = &each;
    Output output;
    output.flag("result", chosen && chosen->answer == fhir::Answer::yes && chosen->display_matches);
    if (chosen) {
        output.text("message", "valueString",
                    !chosen->message.empty()   ? std::string_view(chosen->message)
                    : !chosen->display_matches ? std::string_view("The display is not one of the code's")
                                               : std::string_view());
        output.text("display", "valueString", chosen->display);
    }
    return std::move(output).answer(asked.call);
}

Outcome<http::Response> validate_in_value_set(const Asked& asked) {
    auto found = find_value_set(asked);
    if (found.has_error()) return found.error();
    const auto asked_codings = codings(asked, asked.text("system"));
    if (asked_codings.empty())
        return fault(400, IssueCode::required, "The code is missing: give code, coding or codeableConcept");
    std::vector<fhir::CodeAnswer> answers;
    for (const auto& coding : asked_codings)
        answers.push_back(asked.terminology->validate_code(*(*found)->value, coding));
    return validation(asked, answers);
}

/// The code system's URL: of the stored resource, or as it was given.
Outcome<std::string> system_of(const Asked& asked, std::string_view name) {
    if (asked.call.route.id.empty()) return std::string(asked.text(name));
    auto snapshot = asked.services.store.snapshot();
    if (snapshot.has_error()) return fault_of(snapshot.error());
    auto stored = (*snapshot)->read("CodeSystem", asked.call.route.id);
    if (stored.has_error()) return fault_of(stored.error());
    if (!*stored || (*stored)->erased())
        return fault(404, IssueCode::not_found, "There is no resource of this type with this id");
    auto document = fhir::parse_json((*stored)->json());
    if (document.has_error()) return fault_of(document.error());
    return std::string((*document)->root()["url"].text());
}

Outcome<http::Response> validate_in_code_system(const Asked& asked) {
    auto system = system_of(asked, "url");
    if (system.has_error()) return system.error();
    const auto asked_codings = codings(asked, *system);
    if (asked_codings.empty())
        return fault(400, IssueCode::required, "The code is missing: give code, coding or codeableConcept");
    std::vector<fhir::CodeAnswer> answers;
    for (auto coding : asked_codings) {
        if (coding.system.empty()) coding.system = *system;
        if (!asked.terminology->find_system(coding.system) &&
            asked.terminology->validate_code(coding).answer == fhir::Answer::unknown)
            return fault(404, IssueCode::not_found, "The code system is not known to this server");
        answers.push_back(asked.terminology->validate_code(coding));
    }
    return validation(asked, answers);
}

Outcome<http::Response> lookup(const Asked& asked) {
    const auto asked_codings = codings(asked, asked.text("system"));
    if (asked_codings.size() != 1 || asked_codings[0].system.empty() || asked_codings[0].code.empty())
        return fault(400, IssueCode::required, "Give code and system, or coding");
    auto found = asked.terminology->lookup(asked_codings[0]);
    if (found.has_error()) {
        Fault missing = fault_of_terminology(found.error());
        missing.status = 404;
        missing.issues.front().code = IssueCode::not_found;
        return missing;
    }
    Output output;
    output.text("name", "valueString", found->name.empty() ? asked_codings[0].system : std::string_view(found->name));
    output.text("version", "valueString", found->version);
    output.text("display", "valueString", found->display.empty() ? asked_codings[0].code : found->display);
    output.text("definition", "valueString", found->definition);
    output.flag("abstract", found->is_abstract);
    if (found->is_inactive) output.property("inactive", "true");
    for (const auto& parent : found->parents) output.property("parent", parent);
    for (const auto& child : found->children) output.property("child", child);
    return std::move(output).answer(asked.call);
}

Outcome<http::Response> subsumes(const Asked& asked) {
    auto system = system_of(asked, "system");
    if (system.has_error()) return system.error();
    const Element coding_a = asked.value("codingA"), coding_b = asked.value("codingB");
    const std::string_view a = coding_a ? coding_a["code"].text() : asked.text("codeA");
    const std::string_view b = coding_b ? coding_b["code"].text() : asked.text("codeB");
    if (coding_a && system->empty()) *system = coding_a["system"].text();
    if (a.empty() || b.empty() || system->empty())
        return fault(400, IssueCode::required, "Give system, codeA and codeB, or codingA and codingB");
    if (coding_a && coding_b && coding_a["system"].text() != coding_b["system"].text())
        return fault(400, IssueCode::value, "Both codes must be of one system");
    auto outcome = asked.terminology->subsumes(*system, a, b);
    if (outcome.has_error()) return fault_of_terminology(outcome.error());
    Output output;
    output.text("outcome", "valueCode", fhir::code_of(*outcome));
    return std::move(output).answer(asked.call);
}

Outcome<http::Response> translate(const Asked& asked) {
    std::string url(asked.text("url"));
    if (!asked.call.route.id.empty()) {
        auto snapshot = asked.services.store.snapshot();
        if (snapshot.has_error()) return fault_of(snapshot.error());
        auto stored = (*snapshot)->read("ConceptMap", asked.call.route.id);
        if (stored.has_error()) return fault_of(stored.error());
        if (!*stored || (*stored)->erased())
            return fault(404, IssueCode::not_found, "There is no resource of this type with this id");
        auto document = fhir::parse_json((*stored)->json());
        if (document.has_error()) return fault_of(document.error());
        url = (*document)->root()["url"].text();
    }
    const auto asked_codings = codings(asked, asked.text("system"));
    if (asked_codings.empty())
        return fault(400, IssueCode::required, "The code is missing: give code, coding or codeableConcept");
    std::vector<fhir::TranslateMatch> matches;
    for (const auto& coding : asked_codings) {
        auto found = asked.terminology->translate(url, coding, asked.text("targetsystem"), asked.flag("reverse"));
        if (found.has_error()) return fault_of_terminology(found.error());
        matches.insert(matches.end(), found->begin(), found->end());
    }
    const bool any = std::ranges::any_of(matches, [](const auto& each) {
        return each.equivalence != "unmatched" && each.equivalence != "disjoint" && !each.code.empty();
    });
    Output output;
    output.flag("result", any);
    if (!any) output.text("message", "valueString", "No map of this server translates the code");
    for (const auto& each : matches) {
        MutableElement parameter = output.add("match");
        MutableElement part = parameter.append("part");
        part.member("name").set_string("equivalence");
        part.member("valueCode").set_string(each.equivalence);
        if (!each.code.empty()) {
            part = parameter.append("part");
            part.member("name").set_string("concept");
            MutableElement coding = part.member("valueCoding");
            coding.member("system").set_string(each.system);
            coding.member("code").set_string(each.code);
            if (!each.display.empty()) coding.member("display").set_string(each.display);
        }
        if (!each.map.empty()) {
            part = parameter.append("part");
            part.member("name").set_string("source");
            part.member("valueUri").set_string(each.map);
        }
    }
    return std::move(output).answer(asked.call);
}

}  // namespace

void add_terminology_operations(Operations& operations, TerminologyService& service) {
    const auto add = [&](const char* name, const char* type, Outcome<http::Response> (*run)(const Asked&)) {
        Operation operation;
        operation.name = name;
        operation.types = {type};
        operation.definition = std::string("http://hl7.org/fhir/OperationDefinition/") + type + "-" + name;
        operation.at_type = true;
        operation.at_instance = std::string_view(name) != "lookup";
        operations.add(std::move(operation),
                       [run, &service](const Services& services, CallPtr call, fhir::DocumentPtr body, Answer answer) {
                           service.refresh();
                           answer(run({services, *call, body, service.current()}));
                       });
    };
    add("expand", "ValueSet", expand);
    add("validate-code", "ValueSet", validate_in_value_set);
    add("validate-code", "CodeSystem", validate_in_code_system);
    add("lookup", "CodeSystem", lookup);
    add("subsumes", "CodeSystem", subsumes);
    add("translate", "ConceptMap", translate);
}

}  // namespace causeway::rest
