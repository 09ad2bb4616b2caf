#include "gateway/exchange/identity_keys.hpp"

#include <algorithm>
#include <array>

namespace causeway::exchange {
namespace {

constexpr std::size_t key_bytes_max = 512;

/// Types that messages refer to by identifier. Others spare the writer the rows.
constexpr std::array<std::string_view, 18> referred_types = {
    "Account",           "AllergyIntolerance", "Appointment",
    "Condition",         "Coverage",           "DocumentReference",
    "Encounter",         "Immunization",       "Location",
    "MedicationRequest", "MedicationDispense", "Organization",
    "Patient",           "Practitioner",       "PractitionerRole",
    "RelatedPerson",     "ServiceRequest",     "Specimen"};

bool is_order(std::string_view type) {
    return type == "ServiceRequest" || type == "MedicationRequest" || type == "Appointment";
}

}  // namespace

std::string identity_key(std::string_view type, std::string_view identifier_type, std::string_view system,
                         std::string_view value) {
    std::string key(type);
    if (!identifier_type.empty()) key.append("|").append(identifier_type);
    key.append("|").append(system).append("|").append(value);
    if (key.size() > key_bytes_max) key.resize(key_bytes_max);
    return key;
}

std::vector<std::string> identity_keys(std::string_view type, fhir::Element resource) {
    std::vector<std::string> keys;
    for (const auto identifier : resource["identifier"].items()) {
        const auto value = identifier["value"].text();
        const auto system = identifier["system"].text();
        if (value.empty()) continue;
        auto code = identifier["type"]["coding"].first()["code"].text();
        // Whoever writes an order here and says nothing else about its number is its placer.
        if (code.empty() && is_order(type)) code = "PLAC";
        keys.push_back(identity_key(type, {}, system, value));
        if (!code.empty()) keys.push_back(identity_key(type, code, system, value));
    }
    return keys;
}

storage::Result<void> IdentityRegistrar::written(storage::Transaction& transaction, const rest::Written& written,
                                                 const security::Principal&) {
    if (!written.document || written.version.origin != 0) return {};
    if (std::find(referred_types.begin(), referred_types.end(), written.type) == referred_types.end()) return {};
    for (const auto& key : identity_keys(written.type, written.document->root())) {
        const auto known = transaction.identity(key);
        if (known.has_error()) return known.error();
        if (*known) continue;
        if (auto done = transaction.set_identity(key, {std::string(written.type), std::string(written.id)});
            done.has_error())
            return done;
    }
    return {};
}

}  // namespace causeway::exchange
