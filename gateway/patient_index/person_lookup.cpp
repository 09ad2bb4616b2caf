#include "gateway/patient_index/person_lookup.hpp"

#include "gateway/exchange/identity_keys.hpp"
#include "gateway/patient_index/identity.hpp"

namespace causeway::patient_index {
namespace {

constexpr int redirects_max = 1000;

storage::PersonId current(storage::Reader& reader, storage::PersonId person) {
    for (int i = 0; i < redirects_max; ++i) {
        const auto row = reader.patients().person(person).value();
        if (!row) return 0;
        if (row->redirect == 0) return person;
        person = row->redirect;
    }
    return person;
}

}  // namespace

storage::PersonId person_of(storage::Reader& reader, storage::Rid record) {
    const auto row = reader.patients().record(record).value();
    return row ? row->person : 0;
}

storage::PersonId person_by_identifier(storage::Reader& reader, std::string_view system, std::string_view value,
                                       std::string_view own_system) {
    if (!own_system.empty() && system == own_system) {
        const auto number = person_number(value);
        return number ? current(reader, *number) : 0;
    }
    const auto name = reader.identity(exchange::identity_key("Patient", {}, system, value)).value();
    if (name && name->type == "Patient") {
        const auto version = reader.version("Patient", name->id).value();
        return version ? person_of(reader, version->rid) : 0;
    }
    return 0;
}

}  // namespace causeway::patient_index
