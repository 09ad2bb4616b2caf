#pragma once
#include <string_view>
#include <vector>

#include "gateway/exchange/partner.hpp"
#include "gateway/ops/config.hpp"

namespace causeway {

/// The partners and routes of a configuration.
struct PartnersLoad {
    exchange::ExchangeSettings settings;
    std::vector<ops::ConfigFault> faults;  ///< empty: the settings may be used
};

/// Reads the `[partner.NAME]` and `[[route]]` tables of a configuration; what they leave out comes from its `exchange` and `mllp` sections.
/// All faults are reported in one go, with file:line:column: unknown keys, wrong types, and what exchange::validate finds.
///
///     [partner.lab]
///     kind = "lab"
///     application = "LIS"                # its MSH-3
///     facility = "NORTH"                 # its MSH-4
///     mllp = { host = "127.0.0.1", port = 6661 }
///     retry = { first_ms = 500, application_attempts_max = 3 }
///     authority = [{ namespace = "NORTH", oid = "1.2.3", system = "urn:oid:1.2.3" }]
///
///     [[route]]
///     name = "lab orders"
///     resource = "ServiceRequest"
///     criteria = "status=active&intent=order"
///     to = "lab"
///     as = "OML^O21^OML_O21"
///
///     [[route]]
///     name = "admissions to the HIE"
///     messages = ["ADT^A01", "ADT^A08"]
///     where = 'PV1-2 in (I, E)'
///     to = "hie"
PartnersLoad load_partners(std::string_view toml, std::string_view file_name, const ops::Config& config);

}  // namespace causeway
