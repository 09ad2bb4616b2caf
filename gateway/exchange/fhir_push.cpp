#include "gateway/exchange/fhir_push.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <utility>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/percent_encoding.hpp"
#include "gateway/exchange/candidate.hpp"

namespace causeway::exchange {
namespace {

constexpr std::string_view list_type_system = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes";
constexpr std::string_view profiles = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/";

std::string name_of(const fhir::Document& resource) {
    return std::string(resource.resource_type()) + "/" + std::string(resource.id());
}

/// `Patient?identifier=system|value`, where commas, bars and backslashes of a value are escaped for search.
std::optional<std::string> found_by(const fhir::Document& resource) {
    for (const auto identifier : resource.root()["identifier"].items()) {
        const auto value = identifier["value"].text(), system = identifier["system"].text();
        if (value.empty() || system.empty()) continue;
        std::string escaped;
        for (const char c : value) {
            if (c == ',' || c == '|' || c == '$' || c == '\\') escaped += '\\';
            escaped += c;
        }
        return std::string(resource.resource_type()) + "?identifier=" + fhir::percent_encoded(system) + "%7C" +
               fhir::percent_encoded(escaped);
    }
    return std::nullopt;
}

/// "urn:uuid:" of our id: ours are UUIDs; another id becomes one by its digest.
std::string full_url(const fhir::Document& resource) {
    const auto id = resource.id();
    const bool uuid = id.size() == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' &&
                      id.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
    if (uuid) return "urn:uuid:" + std::string(id);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const auto name = name_of(resource);
    EVP_Digest(name.data(), name.size(), digest, &size, EVP_sha256(), nullptr);
    constexpr char digits[] = "0123456789abcdef";
    std::string out = "urn:uuid:";
    for (unsigned i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        auto byte = digest[i];
        if (i == 6) byte = static_cast<unsigned char>((byte & 0x0F) | 0x80);  // version 8: our own digest
        if (i == 8) byte = static_cast<unsigned char>((byte & 0x3F) | 0x80);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

/// In an object or a list: each reference to a resource of ours gets its new target, or goes with its display kept.
void retarget(fhir::DocumentBuilder& builder, const std::map<std::string, std::string>& known) {
    std::vector<fhir::Element> open = {builder.root().get()};
    std::vector<fhir::Element> references;
    for (std::size_t i = 0; i < open.size(); ++i) {
        for (const auto child : open[i].children())
            if (child.kind() == fhir::Kind::object || child.kind() == fhir::Kind::array) open.push_back(child);
        if (relative_reference(open[i])) references.push_back(open[i]);
    }
    for (const auto reference : references) {
        const auto parts = relative_reference(reference);
        const auto at = known.find(std::string(parts.type) + "/" + std::string(parts.id));
        auto handle = builder.handle(reference);
        if (at != known.end())
            handle.member("reference").set_string(at->second);
        else
            handle.remove("reference");
    }
}

struct Entry {
    std::string full_url, method, url;
    fhir::DocumentPtr resource;
};

std::string write_bundle(const std::vector<Entry>& entries, std::string_view profile = {}) {
    std::string json = R"({"resourceType":"Bundle",)";
    if (!profile.empty()) json.append(R"("meta":{"profile":[")").append(profile).append(R"("]},)");
    json += R"("type":"transaction","entry":[)";
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto& entry = entries[i];
        json += i == 0 ? R"({"fullUrl":)" : R"(,{"fullUrl":)";
        fhir::append_json_string(entry.full_url, json);
        json += R"(,"resource":)";
        fhir::write_json(entry.resource->root(), json, {});
        json.append(R"(,"request":{"method":")").append(entry.method).append(R"(","url":)");
        fhir::append_json_string(entry.url, json);
        json += "}}";
    }
    return json + "]}";
}

/// What versions and times it has here is nothing to the other server.
void strip_meta(fhir::MutableElement root) {
    auto meta = root.find("meta");
    if (!meta) return;
    meta.remove("versionId");
    meta.remove("lastUpdated");
    meta.remove("source");
    if (meta.get().size() == 0) root.remove("meta");
}

fhir::DocumentPtr edited(const fhir::DocumentPtr& resource, const std::map<std::string, std::string>& known,
                         bool keep_id) {
    auto builder = fhir::DocumentBuilder::edit(resource);
    auto root = builder.root();
    strip_meta(root);
    if (!keep_id) {
        root.remove("id");
        retarget(builder, known);
    }
    return std::move(builder).finish();
}

std::string sha1_base64(std::string_view bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha1(), nullptr) != 1) return {};
    std::string out(4 * ((size + 2) / 3), '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), digest, static_cast<int>(size));
    return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
    std::string clean;
    for (const char c : text)
        if (std::isspace(static_cast<unsigned char>(c)) == 0) clean += c;
    if (clean.size() % 4 != 0) return std::nullopt;
    std::string out(clean.size() / 4 * 3, '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(clean.data()), static_cast<int>(clean.size()));
    if (size < 0) return std::nullopt;
    const std::size_t padding = clean.ends_with("==") ? 2 : clean.ends_with('=') ? 1 : 0;
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

}  // namespace

MadeMessage make_transaction(const std::vector<fhir::DocumentPtr>& resources, bool theirs) {
    MadeMessage made;
    made.kind = "transaction";
    std::map<std::string, std::string> known;
    std::vector<Entry> entries;
    for (const auto& resource : resources) {
        const auto url = theirs ? found_by(*resource) : std::optional(name_of(*resource));
        if (!url) continue;
        auto place = full_url(*resource);
        known.emplace(name_of(*resource), place);
        entries.push_back({std::move(place), "PUT", *url, resource});
    }
    if (entries.empty() || entries.front().resource != resources.front()) {
        made.fault = "the resource has no identifier with a system: the other server could not find it again";
        return made;
    }
    for (auto& entry : entries) entry.resource = edited(entry.resource, known, !theirs);
    made.bytes = write_bundle(entries);
    return made;
}

MadeMessage make_document_submission(const std::vector<fhir::DocumentPtr>& resources, std::string_view source_id,
                                     std::string_view now, std::string_view unique_id) {
    MadeMessage made;
    made.kind = "ITI-65";
    const auto fault = [&](std::string_view text) {
        made.fault = text;
        return made;
    };
    const auto& document = resources.front();
    if (document->resource_type() != "DocumentReference") return fault("only a DocumentReference is submitted");
    const auto attachment = document->root()["content"].item(0)["attachment"];
    std::string data(attachment["data"].text());
    std::string type(attachment["contentType"].text());
    const auto at = std::string(attachment["url"].text());
    const fhir::Document* binary = nullptr;
    for (const auto& each : resources)
        if (each->resource_type() == "Binary" && !at.empty() && at.ends_with("Binary/" + std::string(each->id())))
            binary = each.get();
    if (data.empty() && binary != nullptr) {
        data = binary->root()["data"].text();
        if (type.empty()) type = binary->root()["contentType"].text();
    }
    const auto bytes = decode_base64(data);
    if (data.empty() || !bytes) return fault("the document itself is not here");
    std::string patient(document->root()["subject"]["reference"].text());
    const fhir::Document* subject = nullptr;
    for (const auto& each : resources)
        if (name_of(*each) == patient) subject = each.get();
    if (subject == nullptr) return fault("the document has no patient");

    std::map<std::string, std::string> known;
    for (const auto& each : resources) known.emplace(name_of(*each), full_url(*each));
    const auto patient_url = known.at(patient);
    const auto document_url = known.at(name_of(*document));
    std::string binary_url = document_url;
    binary_url.back() = binary_url.back() == '0' ? '1' : '0';
    if (binary != nullptr) binary_url = known.at(name_of(*binary));

    fhir::DocumentBuilder list("List");
    auto root = list.root();
    root.member("meta").append("profile").set_string(std::string(profiles) + "IHE.MHD.Minimal.SubmissionSet");
    auto source = root.append("extension");
    source.member("url").set_string(std::string(profiles) + "ihe-sourceId");
    source.member("valueIdentifier").member("system").set_string("urn:ietf:rfc:3986");
    source.member("valueIdentifier").member("value").set_string(source_id);
    auto unique = root.append("identifier");
    unique.member("use").set_string("official");
    unique.member("system").set_string("urn:ietf:rfc:3986");
    unique.member("value").set_string(unique_id);
    root.member("status").set_string("current");
    root.member("mode").set_string("working");
    auto coding = root.member("code").append("coding");
    coding.member("system").set_string(list_type_system);
    coding.member("code").set_string("submissionset");
    root.member("subject").member("reference").set_string(patient_url);
    root.member("date").set_string(now);
    root.append("entry").member("item").member("reference").set_string(document_url);

    auto reference = fhir::DocumentBuilder::edit(document);
    auto edit = reference.root();
    strip_meta(edit);
    edit.remove("id");
    edit.member("meta").append("profile").set_string(std::string(profiles) + "IHE.MHD.Minimal.DocumentReference");
    retarget(reference, known);
    auto content = edit.item("content", 0).member("attachment");
    content.remove("data");
    content.member("url").set_string(binary_url);
    if (!type.empty()) content.member("contentType").set_string(type);
    content.member("size").set_number(static_cast<std::int64_t>(bytes->size()));
    content.member("hash").set_string(sha1_base64(*bytes));

    fhir::DocumentBuilder body("Binary");
    body.root().member("contentType").set_string(type.empty() ? "application/octet-stream" : type);
    body.root().member("data").set_string(data);

    std::vector<Entry> entries;
    std::string list_url = document_url;
    list_url.back() = list_url.back() == '2' ? '3' : '2';
    entries.push_back({list_url, "POST", "List", std::move(list).finish()});
    entries.push_back({document_url, "POST", "DocumentReference", std::move(reference).finish()});
    entries.push_back({binary_url, "POST", "Binary", std::move(body).finish()});
    const auto patient_query = found_by(*subject);
    if (!patient_query) return fault("the patient has no identifier with a system");
    for (const auto& each : resources)
        if (each.get() == subject) entries.push_back({patient_url, "PUT", *patient_query, edited(each, known, false)});
    made.bytes = write_bundle(entries, std::string(profiles) + "IHE.MHD.Minimal.ProvideBundle");
    return made;
}

}  // namespace causeway::exchange
