#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/element.hpp"
#include "gateway/rest/resource_writer.hpp"

namespace causeway::exchange {

/// The keys under which messages know a resource by its identifiers, as the maps' `identity` lines make them:
/// `Patient|system|value`, and for an identifier with a type `ServiceRequest|PLAC|system|value`.
std::vector<std::string> identity_keys(std::string_view type, fhir::Element resource);

/// One such key.
std::string identity_key(std::string_view type, std::string_view identifier_type, std::string_view system,
                         std::string_view value);

/// Makes resources that come in by FHIR known to messages: enters their keys, where no other resource has them yet.
/// (The inbox enters the keys of what comes by message.)
class IdentityRegistrar final : public rest::WriteObserver {
public:
    storage::Result<void> written(storage::Transaction& transaction, const rest::Written& written,
                                  const security::Principal& principal) override;
};

}  // namespace causeway::exchange
