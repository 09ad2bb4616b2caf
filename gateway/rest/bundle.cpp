#include "gateway/rest/bundle.hpp"

#include "gateway/rest/batch.hpp"
#include "gateway/rest/message.hpp"
#include "gateway/rest/transaction.hpp"

namespace causeway::rest {

void run_bundle(const Services& services, CallPtr call, fhir::DocumentPtr bundle, const Dispatch& dispatch,
                Answer answer) {
    using fhir::IssueCode;
    if (bundle->resource_type() != "Bundle")
        return answer(fault(400, IssueCode::invalid, "Only a Bundle can be posted to the base", "resourceType"));
    const std::string_view type = bundle->root()["type"].text();
    if (type == "batch") return run_batch(services, std::move(call), std::move(bundle), dispatch, std::move(answer));
    if (type == "transaction" || type == "history")
        return run_transaction(services, std::move(call), std::move(bundle), std::move(answer));
    if (type == "message") return process_message(services, std::move(call), std::move(bundle), std::move(answer));
    answer(fault(400, IssueCode::not_supported,
                 "The base takes bundles of type batch, transaction, message and history", "Bundle.type"));
}

}  // namespace causeway::rest
