#include "gateway/rest/references.hpp"

#include <optional>

#include "fhir/r4/tables.hpp"

namespace causeway::rest {
namespace {

using fhir::Element;
using fhir::r4::Primitive;
using fhir::r4::TypeDef;

bool is_urn(std::string_view text) { return text.starts_with("urn:uuid:") || text.starts_with("urn:oid:"); }

bool is_conditional(std::string_view text) {
    const auto at = text.find('?');
    return at != std::string_view::npos && at > 0 && fhir::r4::is_resource_type(text.substr(0, at));
}

/// `http://server/fhir` of `http://server/fhir/Patient/1`; empty if the URL is not of that form.
std::string_view base_of(std::string_view full_url) {
    if (full_url.find("://") == std::string_view::npos) return {};
    for (int i = 0; i < 2; ++i) {
        const auto slash = full_url.rfind('/');
        if (slash == std::string_view::npos) return {};
        full_url = full_url.substr(0, slash);
    }
    return full_url;
}

class Lookup {
public:
    Lookup(const Targets& targets, std::string_view full_url) : targets_(targets), base_(base_of(full_url)) {}

    std::optional<std::string> operator()(std::string_view text) const {
        if (text.empty() || targets_.empty()) return std::nullopt;
        std::string_view name = text;
        const auto tail = std::min(name.find('#'), name.find("/_history/"));
        if (tail == 0) return std::nullopt;
        const std::string_view kept =
            tail == std::string_view::npos || is_conditional(text) ? std::string_view{} : name.substr(tail);
        name.remove_suffix(kept.size());
        const std::string* found = find(name);
        if (!found && !base_.empty() && name.find(':') == std::string_view::npos)
            found = find(std::string(base_).append("/").append(name));
        if (!found || *found == name) return std::nullopt;
        // The version that the bundle names is not the one that it makes.
        return *found + std::string(kept.starts_with('#') ? kept : std::string_view{});
    }

private:
    const std::string* find(std::string_view name) const {
        const auto at = targets_.find(std::string(name));
        return at == targets_.end() ? nullptr : &at->second;
    }
    const Targets& targets_;
    std::string_view base_;
};

enum class Place : std::uint8_t { reference, uri, narrative };

/// Calls visit(element, place) for every value that may name another resource.
template <class Visit>
void walk(Element element, const TypeDef& type, const Visit& visit) {
    for (const Element child : element.children()) {
        const auto member = fhir::r4::find_element(type, child.name());
        if (!member.type) continue;
        for (const Element item : child.items()) {
            if (item.is_object()) {
                const TypeDef* next = member.type;
                if (next->kind == fhir::r4::TypeKind::resource) next = fhir::r4::find_type(item.resource_type());
                if (next) walk(item, *next, visit);
                continue;
            }
            if (item.has_value()) {
                switch (member.type->primitive) {
                    case Primitive::uri:
                    case Primitive::url:
                    case Primitive::oid:
                    case Primitive::uuid:
                        visit(item, Place::uri);
                        break;
                    case Primitive::xhtml:
                        visit(item, Place::narrative);
                        break;
                    default:
                        if (type.name == "Reference" && child.name() == "reference") visit(item, Place::reference);
                }
            }
            if (item.size() > 0)
                if (const TypeDef* primitive = fhir::r4::find_type("Element")) walk(item, *primitive, visit);
        }
    }
}

/// Rewrites the values of href and src; nullopt if none names a target.
std::optional<std::string> rewrite_narrative(std::string_view xhtml, const Lookup& lookup) {
    std::string out;
    std::size_t copied = 0;
    bool changed = false;
    for (std::size_t at = 0; at < xhtml.size(); ++at) {
        const std::string_view rest = xhtml.substr(at);
        const std::size_t name = rest.starts_with(" href=") ? 6 : rest.starts_with(" src=") ? 5 : 0;
        if (name == 0 || rest.size() <= name || (rest[name] != '"' && rest[name] != '\'')) continue;
        const auto end = rest.find(rest[name], name + 1);
        if (end == std::string_view::npos) break;
        if (const auto target = lookup(rest.substr(name + 1, end - name - 1))) {
            out.append(xhtml.substr(copied, at + name + 1 - copied)).append(*target);
            copied = at + end;
            changed = true;
        }
        at += end;
    }
    if (!changed) return std::nullopt;
    out.append(xhtml.substr(copied));
    return out;
}

const TypeDef* type_of(Element resource) { return fhir::r4::find_type(resource.resource_type()); }

}  // namespace

ReferenceScan scan_references(Element resource, std::string_view full_url, const Targets& targets) {
    ReferenceScan scan;
    const TypeDef* type = type_of(resource);
    if (!type) return scan;
    const Lookup lookup(targets, full_url);
    walk(resource, *type, [&](Element item, Place place) {
        const std::string_view text = item.text();
        if (place == Place::narrative) {
            if (!scan.uses_targets) scan.uses_targets = rewrite_narrative(text, lookup).has_value();
            return;
        }
        const auto target = lookup(text);
        if (target) scan.uses_targets = true;
        if (place != Place::reference) return;
        if (is_conditional(text))
            scan.conditional.emplace_back(text);
        else if (is_urn(text) && !target)
            scan.unresolved.emplace_back(text);
    });
    return scan;
}

fhir::DocumentPtr rewrite_references(const fhir::DocumentPtr& owner, Element resource, std::string_view full_url,
                                     const Targets& targets) {
    fhir::DocumentBuilder builder{std::string_view()};
    builder.keep(owner);
    builder.root().copy_ref_from(resource);
    if (const TypeDef* type = type_of(resource)) {
        const Lookup lookup(targets, full_url);
        std::vector<std::pair<Element, std::string>> edits;
        walk(builder.root().get(), *type, [&](Element item, Place place) {
            auto text = place == Place::narrative ? rewrite_narrative(item.text(), lookup) : lookup(item.text());
            if (text) edits.emplace_back(item, std::move(*text));
        });
        for (auto& [element, text] : edits) builder.handle(element).set_string(text);
    }
    return std::move(builder).finish();
}

}  // namespace causeway::rest
