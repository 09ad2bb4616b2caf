#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fhir/model/document.hpp"
#include "fhir/search/plan.hpp"
#include "gateway/http/client.hpp"
#include "gateway/rest/fault.hpp"

namespace causeway::rest {

/// What a change must be for a topic's subscribers to hear of it.
struct Topic {
    std::string url;
    std::string type;   ///< of resource
    std::string query;  ///< what the resource must meet after the change; empty: nothing
    bool on_create = true, on_update = true, on_delete = true;
};

/// `urn:causeway:topic:Observation`: every change of a type. Nothing if the URL is not of that form.
std::optional<Topic> topic_of_type(std::string_view url);
/// A Basic with code SubscriptionTopic, as the R5 backport for R4 has it. Nothing if it is not one.
std::optional<Topic> read_topic(fhir::Element basic);

/// An R4 Subscription, in either of its two forms: with a search as criteria, or with a topic (R5 backport).
struct Subscription {
    enum class Content : std::uint8_t { empty, id_only, full_resource };
    enum class Channel : std::uint8_t { rest_hook, web_socket };

    std::string id;
    std::string status;
    std::string topic;  ///< canonical URL; empty: `type` and `query` are the criteria
    std::string type;   ///< of the criteria, or of the topic's filter (then may be empty)
    std::string query;  ///< of the criteria, or of the topic's filters
    Channel channel = Channel::rest_hook;
    http::ClientUrl endpoint;  ///< of a rest-hook
    std::vector<std::pair<std::string, std::string>> headers;
    std::string payload;               ///< media type; empty: R4 criteria subscriptions send no body
    Content content = Content::empty;  ///< of a topic's notifications
    std::int64_t heartbeat_us = 0;
    std::chrono::milliseconds timeout{10'000};
    std::int64_t end_us = 0;  ///< 0: none
    fhir::DocumentPtr document;

    bool is_topic() const { return !topic.empty(); }
    bool wants_delivery() const { return status == "active" || status == "requested" || status == "error"; }
};

/// 422 where it could never work: criteria that are no search, a channel or endpoint that is not supported. Whether a
/// topic exists is not looked at here.
Outcome<Subscription> read_subscription(const fhir::DocumentPtr& document);

}  // namespace causeway::rest
