#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/partner.hpp"
#include "hl7v2/view.hpp"

namespace causeway::patient_index {

/// One namespace of patient identifiers: its name as HL7 v2 writes it, its system in FHIR, and who gives numbers in it.
struct Domain {
    std::string namespace_id, universal_id, universal_type;  ///< HD.1, HD.2, HD.3
    std::string system;
    bool national = false;            ///< its numbers say who is who, whichever record holds them
    std::vector<std::string> owners;  ///< names of partners: who may create, change and merge in it
    bool owned_by(std::string_view partner) const;
};

/// The domains that the configuration names (each partner's `authority` tables) and our own, in which persons are
/// numbered. Immutable.
class Authorities {
public:
    explicit Authorities(Domain own);
    /// `trusted`: namespaces or systems whose records win in golden records, the most trusted first.
    Authorities(Domain own, const exchange::ExchangeSettings& settings, const std::vector<std::string>& trusted = {});

    /// Any beside our own: then senders are held to them.
    bool configured() const noexcept { return domains_.size() > 1; }
    /// By an HD (CX.4). Null if it is unknown, or if its parts contradict one another.
    const Domain* find(const hl7v2::ComponentView& hd) const;
    const Domain* find(std::string_view namespace_id, std::string_view universal_id) const;
    /// The identifier system that an HD means: of its domain; where no domains are configured, the one the maps make of
    /// it. Empty if it is unknown.
    std::string system_of(std::string_view namespace_id, std::string_view universal_id,
                          std::string_view universal_type) const;
    std::string system_of(const hl7v2::ComponentView& hd) const;
    const Domain* find_system(std::string_view system) const;
    const Domain& own() const noexcept { return domains_.front(); }
    const std::vector<Domain>& all() const noexcept { return domains_; }
    /// Systems, the most trusted first.
    const std::vector<std::string>& trusted() const noexcept { return trusted_; }
    /// Systems of the national domains.
    std::vector<std::string> national_systems() const;

    /// The domain of a system that nobody configured, as the maps write it.
    static Domain of_unknown(std::string_view system);

private:
    std::vector<Domain> domains_;  ///< our own first
    std::vector<std::string> trusted_;
};

}  // namespace causeway::patient_index
