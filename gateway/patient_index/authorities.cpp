#include "gateway/patient_index/authorities.hpp"

#include <algorithm>

namespace causeway::patient_index {
namespace {

constexpr std::string_view oid_scheme = "urn:oid:", named_scheme = "urn:causeway:authority:";

bool is_oid(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

void complete(Domain& domain) {
    if (domain.universal_id.empty() && domain.system.starts_with(oid_scheme)) {
        domain.universal_id = domain.system.substr(oid_scheme.size());
    } else if (domain.universal_id.empty() && !domain.system.starts_with(named_scheme)) {
        domain.universal_id = domain.system;
        domain.universal_type = "URI";
    }
    if (domain.universal_type.empty() && is_oid(domain.universal_id)) domain.universal_type = "ISO";
}

bool same_domain(const Domain& a, const Domain& b) { return a.system == b.system; }

}  // namespace

bool Domain::owned_by(std::string_view partner) const {
    return std::find(owners.begin(), owners.end(), partner) != owners.end();
}

Authorities::Authorities(Domain own) {
    complete(own);
    domains_.push_back(std::move(own));
}

Authorities::Authorities(Domain own, const exchange::ExchangeSettings& settings,
                         const std::vector<std::string>& trusted)
    : Authorities(std::move(own)) {
    for (const auto& partner : settings.partners)
        for (const auto& authority : partner.authorities) {
            Domain domain{authority.namespace_id, authority.universal_id, authority.universal_type,
                          authority.system,       authority.national,     {}};
            complete(domain);
            auto known = std::find_if(domains_.begin(), domains_.end(),
                                      [&](const Domain& other) { return same_domain(domain, other); });
            if (known == domains_.end()) known = domains_.insert(domains_.end(), std::move(domain));
            known->national = known->national || authority.national;
            known->owners.push_back(partner.name);
        }
    for (const auto& name : trusted) {
        const auto* domain = find(name, {});
        trusted_.push_back(domain ? domain->system : name);
    }
}

const Domain* Authorities::find(const hl7v2::ComponentView& hd) const {
    return find(hd.subcomponent(1).text(), hd.subcomponent(2).text());
}

const Domain* Authorities::find(std::string_view name, std::string_view id) const {
    if (name.empty() && id.empty()) return nullptr;
    for (const auto& domain : domains_) {
        const bool by_name = !name.empty() && name == domain.namespace_id;
        const bool by_id = !id.empty() && id == domain.universal_id;
        // where both are given, both must be its own
        if (by_id && (name.empty() || by_name || domain.namespace_id.empty())) return &domain;
        if (by_name && (id.empty() || domain.universal_id.empty())) return &domain;
    }
    return nullptr;
}

std::string Authorities::system_of(std::string_view name, std::string_view id, std::string_view type) const {
    if (const auto* domain = find(name, id)) return domain->system;
    if (configured()) return {};
    if (type == "ISO" && !id.empty()) return std::string(oid_scheme).append(id);
    if (!name.empty()) return std::string(named_scheme).append(name);
    return is_oid(id) ? std::string(oid_scheme).append(id) : std::string(id);
}

std::string Authorities::system_of(const hl7v2::ComponentView& hd) const {
    return system_of(hd.subcomponent(1).text(), hd.subcomponent(2).text(), hd.subcomponent(3).text());
}

const Domain* Authorities::find_system(std::string_view system) const {
    const auto at =
        std::find_if(domains_.begin(), domains_.end(), [&](const Domain& domain) { return domain.system == system; });
    return at == domains_.end() ? nullptr : &*at;
}

std::vector<std::string> Authorities::national_systems() const {
    std::vector<std::string> out;
    for (const auto& domain : domains_)
        if (domain.national) out.push_back(domain.system);
    return out;
}

Domain Authorities::of_unknown(std::string_view system) {
    Domain out;
    out.system = system;
    if (system.starts_with(named_scheme)) out.namespace_id = system.substr(named_scheme.size());
    complete(out);
    return out;
}

}  // namespace causeway::patient_index
