#include "gateway/rest/capabilities.hpp"
#include "gateway/rest/search_parameters.hpp"

#include <algorithm>

#include "fhir/json/json.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/search/parameters.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/operations.hpp"

namespace causeway::rest {
namespace {

constexpr std::string_view published = "2026-11-01";

std::string_view type_text(fhir::search::ParameterType type) {
    constexpr std::array<std::string_view, 9> texts = {"number",    "date",     "string", "token",  "reference",
                                                       "composite", "quantity", "uri",    "special"};
    return texts[static_cast<std::size_t>(type)];
}

void append_codes(std::string& json, std::string_view name, std::initializer_list<std::string_view> codes) {
    json.append("\"").append(name).append("\":[");
    for (const std::string_view code : codes) json.append(R"({"code":")").append(code).append("\"},");
    json.back() = ']';
}

void append_operations(std::string& json, const Operations& operations, std::string_view type) {
    std::string list;
    for (const auto& [operation, run] : operations.entries()) {
        const bool here = type.empty() ? operation.at_system
                                       : (operation.at_type || operation.at_instance) &&
                                             (operation.types.empty() ||
                                              std::ranges::find(operation.types, type) != operation.types.end());
        if (!here) continue;
        list += list.empty() ? "" : ",";
        list.append(R"({"name":")")
            .append(operation.name)
            .append(R"(","definition":")")
            .append(operation.definition)
            .append("\"}");
    }
    if (!list.empty()) json.append(R"(,"operation":[)").append(list).append("]");
}

void append_type(std::string& json, const Services& services, std::string_view type) {
    json.append(R"({"type":")")
        .append(type)
        .append(R"(","profile":"http://hl7.org/fhir/StructureDefinition/)")
        .append(type)
        .append(R"(",)");
    append_codes(
        json, "interaction",
        {"read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type"});
    json.append(R"(,"versioning":"versioned-update","readHistory":true,"updateCreate":)")
        .append(services.settings.update_create ? "true" : "false");
    json.append(
        R"(,"conditionalCreate":true,"conditionalRead":"full-support","conditionalUpdate":true,"conditionalDelete":")");
    json.append(services.settings.conditional_delete_max > 1 ? "multiple" : "single");
    json.append(R"(","referencePolicy":["literal","logical"],"searchInclude":["*")");
    const auto parameters = fhir::search::parameters(type);
    for (const auto& parameter : parameters)
        if (parameter.type == fhir::search::ParameterType::reference)
            json.append(",\"").append(type).append(":").append(parameter.code).append("\"");
    json.append(R"(],"searchParam":[)");
    for (const auto& parameter : parameters) {
        if (parameter.code == "_query") continue;  // no named queries
        json.append(R"({"name":")")
            .append(parameter.code)
            .append(R"(","type":")")
            .append(type_text(parameter.type))
            .append("\"},");
    }
    if (services.search_parameters)
        for (const auto& custom : services.search_parameters->current()->definitions()) {
            if (custom.resource_type != type || !custom.ready) continue;
            json.append(R"({"name":")").append(custom.code).append(R"(","definition":)");
            fhir::append_json_string(custom.url, json);
            json.append(R"(,"type":")").append(type_text(custom.type)).append("\"},");
        }
    json.back() = ']';
    append_operations(json, services.operations, type);
    json += '}';
}

std::string statement(const Services& services, const Call& call) {
    std::string json;
    json.reserve(512 * 1024);
    json.append(R"({"resourceType":"CapabilityStatement","status":"active","date":")").append(published);
    json.append(R"(","kind":"instance","software":{"name":"Causeway","version":")")
        .append(services.settings.software_version);
    json.append(R"("},"implementation":{"description":"Causeway FHIR R4 gateway","url":)");
    fhir::append_json_string(call.base, json);
    json.append(
        R"(},"fhirVersion":"4.0.1","format":["application/fhir+json","application/fhir+xml","json","xml"],"patchFormat":["application/json-patch+json","application/xml-patch+xml","application/fhir+json","application/fhir+xml"],"rest":[{)");
    // Where the web sockets of subscriptions are.
    std::string_view root = call.base;
    if (root.ends_with(services.settings.base_path)) root.remove_suffix(services.settings.base_path.size());
    const std::string_view host = root.substr(std::min(root.size(), root.find("//") + 2));
    json +=
        R"("extension":[{"url":"http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket","valueUri":)";
    fhir::append_json_string((root.starts_with("https://") ? "wss://" : "ws://") + std::string(host) + "/ws", json);
    json += R"(}],"mode":"server",)";
    if (!services.settings.token_path.empty()) {
        const std::string token = std::string(root) + services.settings.token_path;
        json +=
            R"("security":{"extension":[{"url":"http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris","extension":[{"url":"token","valueUri":)";
        fhir::append_json_string(token, json);
        json +=
            R"(}]}],"service":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/restful-security-service","code":"SMART-on-FHIR"}]}]},)";
    }
    json += R"("resource":[)";
    for (const std::string_view type : fhir::r4::resource_types()) {
        append_type(json, services, type);
        json += ',';
    }
    json.back() = ']';
    json += ',';
    append_codes(json, "interaction", {"transaction", "batch", "search-system", "history-system"});
    append_operations(json, services.operations, {});
    json += "}]}";
    return json;
}

std::string terminology_statement(const Services& services, const Call& call) {
    std::string json = R"({"resourceType":"TerminologyCapabilities","status":"active","date":")";
    json.append(published).append(R"(","kind":"instance","software":{"name":"Causeway","version":")");
    json.append(services.settings.software_version);
    json.append(R"("},"implementation":{"description":"Causeway FHIR R4 gateway","url":)");
    fhir::append_json_string(call.base, json);
    json.append(
        R"(},"lockedDate":false,"expansion":{"hierarchical":false,"paging":true,"incomplete":false,"parameter":[)"
        R"({"name":"url"},{"name":"valueSet"},{"name":"filter"},{"name":"offset"},{"name":"count"},{"name":"activeOnly"}],)"
        R"("textFilter":"Each word of the filter begins a word of the display, or the code."},"codeSearch":"all",)"
        R"("validateCode":{"translations":false},"translation":{"needsMap":false}})");
    return json;
}

std::uint64_t content_hash(std::string_view text) {
    std::uint64_t hash = 14695981039346656037ull;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    return hash;
}

}  // namespace

std::string operation_definition(const Operations& operations, std::string_view id) {
    for (const auto& [operation, run] : operations.entries()) {
        const std::string_view url = operation.definition;
        if (url.substr(url.rfind('/') + 1) != id) continue;
        const auto flag = [](bool value) { return value ? "true" : "false"; };
        std::string json = R"({"resourceType":"OperationDefinition","id":")" + std::string(id) + R"(","url":")" +
                           std::string(url) + R"(","name":")";
        for (const char c : id) json += c == '-' ? '_' : c;
        json.append(R"(","status":"active","kind":"operation","affectsState":)").append(flag(operation.affects_state));
        json.append(R"(,"code":")").append(operation.name).append("\"");
        if (!operation.types.empty()) {
            json += R"(,"resource":[)";
            for (const auto& type : operation.types) json.append("\"").append(type).append("\",");
            json.back() = ']';
        }
        json.append(R"(,"system":)").append(flag(operation.at_system));
        json.append(R"(,"type":)").append(flag(operation.at_type));
        json.append(R"(,"instance":)").append(flag(operation.at_instance)).append("}");
        return json;
    }
    return {};
}

Outcome<http::Response> capabilities(const Services& services, const Call& call) {
    const std::string_view mode = parameter(call, "mode");
    if (!mode.empty() && mode != "full" && mode != "normative" && mode != "terminology")
        return fault(400, fhir::IssueCode::not_supported, "mode takes full, normative or terminology");
    std::string json = mode == "terminology" ? terminology_statement(services, call) : statement(services, call);
    const std::string tag = "W/\"" + std::to_string(content_hash(json)) + "\"";
    if (call.request.headers.get("If-None-Match") == tag) {
        http::Response unchanged;
        unchanged.status = 304;
        unchanged.headers.add("ETag", tag);
        return unchanged;
    }
    http::Response response = json_response(call.format, 200, std::move(json));
    response.headers.add("ETag", tag);
    return response;
}

}  // namespace causeway::rest
