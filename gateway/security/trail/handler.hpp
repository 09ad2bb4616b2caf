#pragma once
#include "gateway/http/handler.hpp"
#include "gateway/rest/bundle_writer.hpp"
#include "gateway/rest/call.hpp"
#include "gateway/security/trail/search.hpp"

namespace causeway::security {

/// The audit trail as AuditEvent resources: GET [base]/AuditEvent/row-17, GET [base]/AuditEvent?..., and the search by
/// POST. It has a right of its own (Interaction::audit_read): a scope that names AuditEvent, the operators' right
/// `audit`, or a request from this machine where nobody needs a token. With the scope at the level of a patient one sees
/// what concerns that patient. Reading the trail leaves a row in it.
///
/// All parameters of AuditEvent work; matches come newest first, `_sort=date` turns that round. A page may end before it
/// is full, when enough rows were looked at: its `next` link goes on. `_include` brings what the events name, as far as
/// who asks may read it; nothing that could be reverse-included refers to a row. AuditEvents that clients sent us are resources like
/// others and follow on the pages after the trail's. Everything that is not about the trail goes to the inner handler.
class TrailHandler final : public http::Handler {
public:
    /// Both outlive it.
    TrailHandler(http::Handler& inner, const rest::Services& services) : inner_(inner), services_(services) {}

    std::optional<http::Response> screen(http::Request& head) override { return inner_.screen(head); }
    void handle(http::Request request, http::Reply reply) override;
    /// The same for an entry of a batch. False: it is not about the trail, or who asks has no right to it.
    bool take(const rest::CallPtr& entry, const rest::Answer& answer) const;

private:
    struct Asked;
    bool concerns(const http::Request& request) const;
    /// Of a request that concerns the trail.
    bool understand(const http::Request& request, Asked& asked) const;
    bool may_see(Asked& asked) const;
    void answer(http::Request request, Asked asked, const http::Reply& reply);
    rest::Outcome<http::Response> find(const http::Request& request, const Asked& asked) const;
    rest::Outcome<http::Response> read(const Asked& asked) const;
    rest::Outcome<http::Response> search(const http::Request& request, const Asked& asked) const;
    rest::Outcome<TrailQuery> query_of(const Asked& asked) const;
    void append_included(rest::BundleWriter& bundle, storage::Reader& reader, const Asked& asked,
                         const TrailPage& page) const;
    bool record(const http::Request& request, const Asked& asked, const rest::Outcome<http::Response>& outcome) const;

    http::Handler& inner_;
    const rest::Services& services_;
};

}  // namespace causeway::security
