#include "gateway/rest/bundle_entry.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;
using http::Method;

Method method_of(std::string_view name) {
    for (const Method method : {Method::get, Method::head, Method::post, Method::put, Method::patch, Method::erase})
        if (http::to_string(method) == name) return method;
    return Method::other;
}

/// The URL relative to the base, without a slash at its start; empty if it lies elsewhere.
std::string relative_url(const std::string& base, std::string_view url) {
    if (url.starts_with(base) && (url.size() == base.size() || url[base.size()] == '/' || url[base.size()] == '?'))
        url.remove_prefix(base.size());
    else if (url.find("://") < url.find('?'))
        return {};
    while (url.starts_with('/')) url.remove_prefix(1);
    return std::string(url);
}

}  // namespace

Fault at_entry(Fault fault, std::size_t index) {
    const std::string place = "Bundle.entry[" + std::to_string(index) + "]";
    for (fhir::Issue& issue : fault.issues) {
        const auto dot = issue.expression.find('.');
        issue.expression = issue.expression.empty()
                               ? place
                               : place + ".resource" + (dot == std::string::npos ? "" : issue.expression.substr(dot));
        issue.text = "Entry " + std::to_string(index) + ": " + issue.text;
    }
    return fault;
}

Outcome<BundleEntry> parse_entry(const Call& call, fhir::Element entry, std::size_t index) {
    BundleEntry parsed;
    parsed.index = index;
    const fhir::Element request = entry["request"];
    if (!request) return at_entry(fault(400, IssueCode::required, "The entry has no request"), index);
    parsed.method = method_of(request["method"].text());
    if (parsed.method == Method::other)
        return at_entry(fault(400, IssueCode::value, "The entry's request.method is not one of HTTP's"), index);
    parsed.url = relative_url(call.base, request["url"].text());
    if (parsed.url.empty())
        return at_entry(fault(400, IssueCode::value, "The entry's request.url is empty or lies on another server"),
                        index);
    auto route = parse_route("/" + parsed.url.substr(0, parsed.url.find('?')));
    if (route.has_error()) return at_entry(route.error(), index);
    parsed.route = std::move(*route);
    parsed.full_url = entry["fullUrl"].text();
    parsed.resource = entry["resource"];
    parsed.if_none_exist = request["ifNoneExist"].text();
    parsed.if_match = request["ifMatch"].text();
    parsed.if_none_match = request["ifNoneMatch"].text();
    parsed.if_modified_since = request["ifModifiedSince"].text();
    return parsed;
}

Outcome<std::vector<BundleEntry>> parse_entries(const Services& services, const Call& call, fhir::Element bundle) {
    const fhir::Element list = bundle["entry"];
    if (list.size() > services.settings.bundle_entries_max)
        return fault(413, IssueCode::too_long, "The bundle has more entries than this server takes at once");
    std::vector<BundleEntry> entries;
    entries.reserve(list.size());
    for (const fhir::Element entry : list.items()) {
        auto parsed = parse_entry(call, entry, entries.size());
        if (parsed.has_error()) return parsed.error();
        entries.push_back(std::move(*parsed));
    }
    return entries;
}

CallPtr call_of(const Call& call, const BundleEntry& entry) {
    auto made = std::make_shared<Call>();
    made->request.method = entry.method;
    made->request.target = "/" + entry.url;
    made->request.id = call.request.id;
    made->request.peer = call.request.peer;
    http::Headers& headers = made->request.headers;
    if (!entry.if_none_exist.empty()) headers.add("If-None-Exist", entry.if_none_exist);
    if (!entry.if_match.empty()) headers.add("If-Match", entry.if_match);
    if (!entry.if_none_match.empty()) headers.add("If-None-Match", entry.if_none_match);
    made->route = entry.route;
    made->format.stated = true;  // a Binary comes as a resource: its content would stand in the answer as it is
    made->prefer = call.prefer;
    made->principal = call.principal;
    made->base = call.base;
    made->now_us = call.now_us;
    if (auto parameters = fhir::search::decode_query(entry.query())) made->parameters = std::move(*parameters);
    return made;
}

}  // namespace causeway::rest
