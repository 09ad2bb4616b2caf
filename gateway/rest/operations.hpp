#pragma once
#include <functional>
#include <string>
#include <vector>

#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// What is known of an operation: where it may be called, and what the CapabilityStatement says about it.
struct Operation {
    std::string name;                ///< without '$'
    std::string definition;          ///< canonical URL of its OperationDefinition
    std::vector<std::string> types;  ///< resource types it belongs to; empty: all
    bool at_system = false, at_type = false, at_instance = false;
    bool affects_state = false;  ///< then only POST
    bool get_allowed = true;     ///< its inputs are simple enough for a URL
    bool reads_body = true;      ///< false: `run` gets no document and reads the request's body by itself
};

/// Runs an operation. `call` has the URL's parameters; `body` is the parsed body, null for a GET. It answers once, on
/// any thread. The caller has authorised the call and takes care of the audit row.
using RunOperation = std::function<void(const Services& services, CallPtr call, fhir::DocumentPtr body, Answer answer)>;

/// The operations that are wired. main and the parts add theirs before the server starts.
class Operations {
public:
    void add(Operation operation, RunOperation run) { entries_.push_back({std::move(operation), std::move(run)}); }

    struct Entry {
        Operation operation;
        RunOperation run;
    };
    /// By name, level and type of the route; null if there is none.
    const Entry* find(const Route& route) const;
    /// Is the name known at some other level or type?
    bool known(std::string_view name) const;
    const std::vector<Entry>& entries() const noexcept { return entries_; }

private:
    std::vector<Entry> entries_;
};

/// An input of an operation: a URL parameter's value, or `parameter[name].value[x]` of a Parameters body. Empty if
/// absent.
std::string_view input(const Call& call, const fhir::DocumentPtr& body, std::string_view name);
/// `parameter[name].resource` of a Parameters body, or the body itself if it is of another type and `name` is its
/// place.
fhir::Element input_resource(const fhir::DocumentPtr& body, std::string_view name);

/// Observation/$lastn, Composition/[id]/$document, $convert.
void add_clinical_operations(Operations& operations);
/// Observation/$stats.
void add_observation_statistics(Operations& operations);
/// The operations that need nothing but the store: $validate, $meta, $meta-add, $meta-delete, $everything.
void add_standard_operations(Operations& operations);

}  // namespace causeway::rest
