#include "gateway/rest/rest.hpp"

#include <boost/asio/post.hpp>

#include "gateway/http/principal.hpp"
#include "gateway/rest/access.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/bundle.hpp"
#include "gateway/rest/capabilities.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/read.hpp"
#include "gateway/rest/write_step.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;
using http::Method;

/// What may stand in a Host field or a forwarded one; it comes back in links.
bool is_host(std::string_view text) {
    if (text.empty() || text.size() > 255) return false;
    for (const char c : text)
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
              c == ':' || c == '[' || c == ']'))
            return false;
    return true;
}

std::string base_url(const Settings& settings, const http::Headers& headers) {
    if (!settings.base_url.empty()) return settings.base_url;
    std::string_view scheme = headers.get("X-Forwarded-Proto"), host = headers.get("X-Forwarded-Host"),
                     prefix = headers.get("X-Forwarded-Prefix");
    if (scheme != "https") scheme = "http";
    if (!is_host(host)) host = headers.get("Host");
    if (!is_host(host)) host = "localhost";
    std::string url(scheme);
    url.append("://").append(host);
    if (prefix.starts_with('/') && prefix.size() > 1 && is_host(prefix.substr(1))) url += prefix;
    return url + settings.base_path;
}

}  // namespace

Outcome<CallPtr> Rest::understand(http::Request request) const {
    const Settings& settings = services_.settings;
    auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->now_us = services_.clock.now_us();
    call->base = base_url(settings, call->request.headers);
    std::string_view path = call->request.path();
    if (path.starts_with(settings.base_path)) path.remove_prefix(settings.base_path.size());
    auto route = parse_route(path);
    if (route.has_error()) return route.error();
    call->route = std::move(*route);
    if (const std::string_view query = call->request.query(); !query.empty()) {
        auto parameters = fhir::search::decode_query(query);
        if (parameters.has_error()) return fault_of(parameters.error());
        call->parameters = std::move(*parameters);
    }
    auto format = negotiate(call->request.headers, call->parameters);
    if (format.has_error()) return format.error();
    call->format = *format;
    if (const auto prefer = call->request.headers.find("Prefer")) call->prefer = parse_prefer(*prefer);
    call->principal = http::principal_of(call->request);
    return call;
}

std::optional<http::Response> Rest::screen(http::Request& head) {
    if (head.method == Method::get || head.method == Method::head || head.method == Method::options)
        return std::nullopt;
    http::Request copy;
    copy.method = head.method;
    copy.target = head.target;
    copy.peer = head.peer;
    copy.principal = head.principal;
    copy.headers = head.headers;
    copy.peer = head.peer;
    auto call = understand(std::move(copy));
    if (call.has_error()) return fault_response({}, call.error());
    if (auto allowed = authorize(services_, **call); allowed.has_error()) {
        const auto refused = audited(services_, **call, allowed.error());
        return fault_response((*call)->format, refused.error());
    }
    return std::nullopt;
}

void Rest::handle(http::Request request, http::Reply reply) {
    auto call = understand(std::move(request));
    if (call.has_error()) return reply(fault_response({}, call.error()));
    const Format format = (*call)->format;
    dispatch(std::move(*call), [reply, format](Outcome<http::Response> outcome) {
        reply(outcome ? std::move(*outcome) : fault_response(format, outcome.error()));
    });
}

void Rest::dispatch(CallPtr call, Answer answer) {
    if (call->request.method == Method::options) {
        http::Response response;
        response.status = 204;
        response.headers.add("Allow", allowed_methods(call->route.kind));
        return answer(std::move(response));
    }
    if (auto allowed = authorize(services_, *call); allowed.has_error())
        return answer(audited(services_, *call, allowed.error()));
    if (!call->is_get()) answer = audit_of_failures(services_, call, std::move(answer));
    const bool binary = call->route.type == "Binary" &&
                        (call->route.kind == Route::Kind::instance || call->route.kind == Route::Kind::version);
    if (call->format.foreign && !(binary && call->is_get()))
        return answer(fault(406, IssueCode::not_supported, "Accept names no format of this server"));
    try {
        run(call, answer);
    } catch (const std::exception&) {
        answer(fault(500, IssueCode::exception, "Something went wrong inside the server"));
    }
}

template <class Work>
void Rest::on_pool(bool worth_a_hop, Work work) {
    if (!services_.cpu || !worth_a_hop) return work();
    boost::asio::post(*services_.cpu, std::move(work));
}

template <class Read>
void Rest::with_snapshot(Read read, const CallPtr& call, const Answer& answer) {
    Outcome<http::Response> outcome = fault(500, IssueCode::exception, "Something went wrong inside the server");
    try {
        auto snapshot = services_.store.snapshot();
        outcome = snapshot ? read(services_, **snapshot, *call) : Outcome<http::Response>(fault_of(snapshot.error()));
    } catch (const std::exception&) {
        // The 500 above stands.
    }
    answer(audited(services_, *call, std::move(outcome)));
}

void Rest::run(CallPtr call, Answer answer) {
    const bool large = call->request.body.size() > services_.settings.inline_body_bytes;
    switch (call->request.method) {
        case Method::get:
        case Method::head:
            return run_get(std::move(call), std::move(answer));
        case Method::post:
            return run_post(std::move(call), std::move(answer));
        case Method::put:
            return on_pool(large, [this, call, answer] { update(services_, call, answer); });
        case Method::patch:
            return on_pool(large, [this, call, answer] { patch(services_, call, answer); });
        case Method::erase:
            return erase(services_, std::move(call), std::move(answer));
        default:
            return answer(not_allowed(call->route.kind));
    }
}

void Rest::run_get(CallPtr call, Answer answer) {
    switch (call->route.kind) {
        case Route::Kind::capabilities:
            return on_pool(true,
                           [this, call, answer] { answer(audited(services_, *call, capabilities(services_, *call))); });
        case Route::Kind::instance:
            return with_snapshot(read, call, answer);
        case Route::Kind::version:
            return with_snapshot(vread, call, answer);
        case Route::Kind::history:
            return on_pool(true, [this, call, answer] { with_snapshot(history, call, answer); });
        case Route::Kind::operation:
            return run_operation(std::move(call), std::move(answer));
        case Route::Kind::system:
        case Route::Kind::type:
        case Route::Kind::search:
        case Route::Kind::compartment:
            break;
    }
    on_pool(true, [this, call, answer] { with_snapshot(search, call, answer); });
}

void Rest::run_post(CallPtr call, Answer answer) {
    const bool large = call->request.body.size() > services_.settings.inline_body_bytes;
    switch (call->route.kind) {
        case Route::Kind::type:
            return on_pool(large, [this, call, answer] { create(services_, call, answer); });
        case Route::Kind::operation:
            return run_operation(std::move(call), std::move(answer));
        case Route::Kind::system:
            return on_pool(true, [this, call, answer] { run_batch_or_transaction(call, answer); });
        case Route::Kind::search:
            break;
        default:
            return answer(not_allowed(call->route.kind));
    }
    const auto type = body_type(call->request);
    if (type.has_error()) return answer(type.error());
    if (*type != BodyType::form && !call->request.body.empty())
        return answer(
            fault(415, IssueCode::not_supported, "A search by POST has the type application/x-www-form-urlencoded"));
    auto form = fhir::search::decode_query(call->request.body);
    if (form.has_error()) return answer(fault_of(form.error()));
    call->parameters.insert(call->parameters.end(), form->begin(), form->end());
    on_pool(true, [this, call, answer] { with_snapshot(search, call, answer); });
}

void Rest::run_operation(CallPtr call, Answer answer) {
    const Operations::Entry* entry = services_.operations.find(call->route);
    if (!entry)
        return answer(
            services_.operations.known(call->route.operation)
                ? fault(404, IssueCode::not_supported, "The operation does not exist at this level or for this type")
                : fault(404, IssueCode::not_supported, "There is no such operation"));
    if (call->is_get() && (entry->operation.affects_state || !entry->operation.get_allowed)) {
        Fault post_only = fault(405, IssueCode::not_supported, "The operation takes POST only");
        post_only.headers.add("Allow", "POST, OPTIONS");
        return answer(std::move(post_only));
    }
    on_pool(true, [this, call, answer, entry] {
        fhir::DocumentPtr body;
        if (entry->operation.reads_body && !call->is_get() && (call->document || !call->request.body.empty())) {
            auto read = read_body(services_, *call);
            if (read.has_error()) return answer(read.error());
            body = std::move(read->document);
        }
        try {
            entry->run(services_, call, std::move(body), [this, call, answer](Outcome<http::Response> outcome) {
                answer(audited(services_, *call, std::move(outcome)));
            });
        } catch (const std::exception&) {
            answer(fault(500, IssueCode::exception, "Something went wrong inside the server"));
        }
    });
}

void Rest::run_batch_or_transaction(CallPtr call, Answer answer) {
    auto body = read_body(services_, *call);
    if (body.has_error()) return answer(body.error());
    run_bundle(
        services_, call, std::move(body->document),
        [this](CallPtr entry, Answer done) {
            if (!services_.entry_taken || !services_.entry_taken(entry, done))
                dispatch(std::move(entry), std::move(done));
        },
        std::move(answer));
}

}  // namespace causeway::rest
