#include "gateway/rest/subscriptions.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "gateway/security/scope.hpp"
#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

/// An endpoint that keeps what it is sent and answers as it is told.
class Endpoint {
public:
    struct Received {
        std::string head, body;
    };
    Endpoint() {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_, 16) == 0);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    ~Endpoint() {
        stopping_ = true;
        thread_.join();
        ::close(listener_);
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }
    std::vector<Received> received() const {
        const std::lock_guard lock(mutex_);
        return received_;
    }
    /// Waits until `count` requests have come, some seconds at most.
    std::vector<Received> wait_for(std::size_t count) const {
        for (int i = 0; i < 1000 && received().size() < count; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return received();
    }
    std::atomic<int> status = 200;

private:
    void run() {
        while (!stopping_) {
            pollfd one{listener_, POLLIN, 0};
            if (::poll(&one, 1, 20) != 1) continue;
            const int client = ::accept(listener_, nullptr, nullptr);
            std::string got;
            char room[4096];
            std::size_t wanted = std::string::npos;
            while (got.size() < wanted) {
                const auto size = ::recv(client, room, sizeof room, 0);
                if (size <= 0) break;
                got.append(room, static_cast<std::size_t>(size));
                const auto end = got.find("\r\n\r\n");
                if (end == std::string::npos) continue;
                const auto at = got.find("Content-Length: ");
                wanted = end + 4 + (at < end ? static_cast<std::size_t>(std::stoul(got.substr(at + 16))) : 0);
            }
            const std::string answer = "HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: 0\r\n\r\n";
            ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
            ::close(client);
            const auto end = got.find("\r\n\r\n");
            const std::lock_guard lock(mutex_);
            if (end != std::string::npos) received_.push_back({got.substr(0, end), got.substr(end + 4)});
        }
    }
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_ = false;
    mutable std::mutex mutex_;
    std::vector<Received> received_;
    std::thread thread_;
};

rest::Subscriptions::Options quick() {
    rest::Subscriptions::Options options;
    options.retry_first_us = 20'000;
    options.base_url = Gateway::base;
    return options;
}

struct Subscribed {
    explicit Subscribed(Gateway& over, rest::Subscriptions::Options options = quick())
        : sockets(over.services()), subscriptions(over.services(), sockets, options) {
        over.writer().add_observer(subscriptions);
        rest::add_subscription_operations(over.operations(), subscriptions);
        subscriptions.start();
    }
    rest::SubscriptionSockets sockets;
    rest::Subscriptions subscriptions;
};

std::string subscription(const std::string& criteria, const std::string& url, const std::string& channel = {},
                         const std::string& extra = {}) {
    return R"({"resourceType":"Subscription","id":"s","status":"requested","reason":"test","criteria":")" + criteria +
           "\"," + extra + R"("channel":{"type":"rest-hook","endpoint":")" + url + "\"" + channel + "}}";
}

void wait_for_status(Gateway& gateway, const std::string& status) {
    for (int i = 0; i < 1000 && gateway.get("Subscription/s").root()["status"].text() != status; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(gateway.get("Subscription/s").root()["status"].text() == status);
}

void observe(Gateway& gateway, const std::string& id, const std::string& code) {
    REQUIRE(gateway
                .put("Observation/" + id, R"({"resourceType":"Observation","id":")" + id +
                                              R"(","status":"final","code":{"coding":[{"code":")" + code + "\"}]}}")
                .status == 201);
}

constexpr const char* full_payload =
    R"(,"payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"full-resource"}]})";

}  // namespace

TEST_SUITE("gateway/rest/subscriptions") {
    TEST_CASE("criteria: an empty POST, or the resource where a payload is named, with the headers") {
        Gateway gateway;
        Endpoint endpoint;
        Subscribed subscribed(gateway);
        REQUIRE(gateway
                    .put("Subscription/s",
                         subscription("Observation?code=yes", endpoint.url(),
                                      R"(,"payload":"application/fhir+json","header":["Authorization: Bearer abc"])"))
                    .status == 201);
        wait_for_status(gateway, "active");
        observe(gateway, "a", "no");
        observe(gateway, "b", "yes");
        const auto got = endpoint.wait_for(1);
        REQUIRE(got.size() == 1);
        CHECK(got[0].head.starts_with("POST /hook HTTP/1.1"));
        CHECK(got[0].head.find("Authorization: Bearer abc") != std::string::npos);
        CHECK(fhir::parse_json(got[0].body).value()->id() == "b");
    }

    TEST_CASE("an endpoint that fails is tried again, in order; nothing is lost across a restart") {
        Gateway gateway;
        Endpoint endpoint;
        {
            Subscribed subscribed(gateway);
            REQUIRE(gateway
                        .put("Subscription/s", subscription("Observation?code=yes", endpoint.url(),
                                                            R"(,"payload":"application/fhir+json")"))
                        .status == 201);
            wait_for_status(gateway, "active");
            endpoint.status = 500;
            for (const char* id : {"a", "b", "c"}) observe(gateway, id, "yes");
            REQUIRE(endpoint.wait_for(2).size() >= 2);
            subscribed.subscriptions.stop();
            const auto before = endpoint.received().size();
            for (const auto& each : endpoint.received()) CHECK(fhir::parse_json(each.body).value()->id() == "a");
            endpoint.status = 204;
            rest::Subscriptions again(gateway.services(), subscribed.sockets, quick());
            again.start();
            const auto got = endpoint.wait_for(before + 3);
            REQUIRE(got.size() == before + 3);
            CHECK(fhir::parse_json(got[before].body).value()->id() == "a");
            CHECK(fhir::parse_json(got[before + 1].body).value()->id() == "b");
            CHECK(fhir::parse_json(got[before + 2].body).value()->id() == "c");
        }
    }

    TEST_CASE("after failing for too long a subscription says so, and starts anew on request") {
        Gateway gateway;
        Endpoint endpoint;
        auto options = quick();
        options.give_up_us = 50'000;
        Subscribed subscribed(gateway, options);
        REQUIRE(gateway.put("Subscription/s", subscription("Observation", endpoint.url())).status == 201);
        wait_for_status(gateway, "active");
        endpoint.status = 503;
        observe(gateway, "a", "x");
        wait_for_status(gateway, "error");
        CHECK(gateway.get("Subscription/s").root()["error"].text().find("http-503") != std::string::npos);
        endpoint.status = 200;
        const auto before = endpoint.received().size();
        REQUIRE(gateway.put("Subscription/s", subscription("Observation", endpoint.url())).status == 200);
        wait_for_status(gateway, "active");
        CHECK(endpoint.wait_for(before + 1).size() == before + 1);
    }

    TEST_CASE("a topic: handshake, numbered events, $status and $events") {
        Gateway gateway;
        Endpoint endpoint;
        Subscribed subscribed(gateway);
        REQUIRE(
            gateway
                .put(
                    "Subscription/s",
                    subscription(
                        "urn:causeway:topic:Observation", endpoint.url(), full_payload,
                        R"("_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"Observation?code=yes"}]},)"))
                .status == 201);
        wait_for_status(gateway, "active");
        const auto type_of = [](const std::string& body) {
            const auto document = fhir::parse_json(body).value();
            for (const auto parameter : document->root()["entry"].item(0)["resource"]["parameter"].items())
                if (parameter["name"].text() == "type") return std::string(parameter["valueCode"].text());
            return std::string();
        };
        REQUIRE(endpoint.wait_for(1).size() == 1);
        CHECK(type_of(endpoint.received()[0].body) == "handshake");
        observe(gateway, "a", "yes");
        observe(gateway, "b", "no");
        REQUIRE(gateway.erase("Observation/a").status == 204);
        const auto got = endpoint.wait_for(3);
        REQUIRE(got.size() == 3);
        CHECK(type_of(got[1].body) == "event-notification");
        const auto first = fhir::parse_json(got[1].body).value();
        CHECK(first->root()["type"].text() == "history");
        CHECK(first->root()["entry"].item(1)["resource"]["id"].text() == "a");
        CHECK(first->root()["entry"].item(1)["request"]["method"].text() == "POST");
        const auto second = fhir::parse_json(got[2].body).value();
        CHECK(second->root()["entry"].item(1)["request"]["method"].text() == "DELETE");
        const auto status = gateway.get("Subscription/s/$status");
        REQUIRE(status.status == 200);
        CHECK(status.body.find(R"({"name":"events-since-subscription-start","valueString":"2"})") != std::string::npos);
        const auto events = gateway.get("Subscription/s/$events?eventsSinceNumber=2&content=id-only");
        REQUIRE(events.status == 200);
        CHECK(events.entries() == 2);
        CHECK(type_of(events.body) == "query-event");
        CHECK(gateway.get("Subscription/none/$status").status == 404);
    }

    TEST_CASE("a topic of its own, stored as Basic, and heartbeats") {
        Gateway gateway;
        Endpoint endpoint;
        Subscribed subscribed(gateway);
        REQUIRE(
            gateway
                .put(
                    "Basic/t",
                    R"({"resourceType":"Basic","id":"t","code":{"coding":[{"system":"http://hl7.org/fhir/fhir-types","code":"SubscriptionTopic"}]},"extension":[
            {"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.url","valueUri":"http://example.org/topic/final"},
            {"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.resourceTrigger","extension":[
              {"url":"resource","valueUri":"http://hl7.org/fhir/StructureDefinition/Observation"},{"url":"supportedInteraction","valueCode":"update"},
              {"url":"queryCriteria","extension":[{"url":"current","valueString":"status=final"}]}]}]})")
                .status == 201);
        REQUIRE(
            gateway
                .put(
                    "Subscription/s",
                    subscription(
                        "http://example.org/topic/final", endpoint.url(),
                        R"(,"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-heartbeat-period","valueUnsignedInt":1}])"))
                .status == 201);
        wait_for_status(gateway, "active");
        observe(gateway, "a", "x");  // a create: not of this topic
        REQUIRE(
            gateway
                .put("Observation/a", R"({"resourceType":"Observation","id":"a","status":"final","code":{"text":"y"}})")
                .status == 200);
        const auto got = endpoint.wait_for(3);
        REQUIRE(got.size() >= 3);
        CHECK(got[1].body.find("event-notification") != std::string::npos);
        CHECK(got[1].body.find("Observation/a") == std::string::npos);  // content empty
        CHECK(got[2].body.find("heartbeat") != std::string::npos);
    }

    TEST_CASE("a subscriber hears of what the token it subscribed with lets it see, and of nothing else") {
        Gateway gateway;
        Endpoint endpoint;
        Subscribed subscribed(gateway);
        for (const std::string id : {"mine", "theirs"})
            REQUIRE(gateway.put("Patient/" + id, R"({"resourceType":"Patient","id":")" + id + "\"}").status == 201);
        const auto bearer = [](const std::string& scopes, const std::string& patient) {
            auto grant = std::make_shared<security::Grant>();
            grant->scopes = std::get<std::vector<security::Scope>>(security::parse_scopes(scopes));
            grant->patient = patient;
            return std::make_shared<const security::Principal>(
                security::Principal{security::Principal::Kind::client, "app", "127.0.0.1", grant});
        };
        gateway.as(bearer("patient/*.rs system/Subscription.cruds", "mine"));
        REQUIRE(
            gateway.put("Subscription/s", subscription("urn:causeway:topic:Observation", endpoint.url(), full_payload))
                .status == 201);
        gateway.as(nullptr);
        wait_for_status(gateway, "active");
        const auto observed = [&](const std::string& id, const std::string& patient, const std::string& status) {
            const auto got =
                gateway.put("Observation/" + id,
                            R"({"resourceType":"Observation","id":")" + id + R"(","status":")" + status +
                                R"(","code":{"text":"x"},"subject":{"reference":"Patient/)" + patient + "\"}}");
            REQUIRE(got.status / 100 == 2);
        };
        observed("t1", "theirs", "final");
        observed("m1", "mine", "final");
        observed("t1", "theirs", "amended");
        REQUIRE(gateway.erase("Observation/t1").status == 204);
        observed("m1", "mine", "amended");
        REQUIRE(gateway.erase("Observation/m1").status == 204);
        const auto got = endpoint.wait_for(4);
        REQUIRE(got.size() == 4);  // the handshake, and three events of m1
        for (const auto& each : got) CHECK(each.body.find("t1") == std::string::npos);
        CHECK(got[3].body.find("DELETE") != std::string::npos);
        // What somebody else may not see is not told to them again either.
        gateway.as(bearer("patient/*.rs system/Subscription.cruds", "theirs"));
        const auto events = gateway.get("Subscription/s/$events");
        REQUIRE(events.status == 200);
        CHECK(events.body.find("m1") == std::string::npos);
        gateway.as(bearer("system/Observation.rs", ""));
        CHECK(gateway.get("Subscription/s/$status").status == 403);
        // Written again with other rights, it follows these.
        gateway.as(bearer("system/Subscription.cruds system/Patient.rs", ""));
        REQUIRE(
            gateway.put("Subscription/s", subscription("urn:causeway:topic:Observation", endpoint.url(), full_payload))
                .status == 200);
        gateway.as(nullptr);
        wait_for_status(gateway, "active");
        observed("m2", "mine", "final");
        CHECK(
            gateway.get("Subscription/s/$status").body.find(R"("events-since-subscription-start","valueString":"3")") !=
            std::string::npos);
    }

    TEST_CASE("a web socket's token binds once, to subscriptions of its kind") {
        Gateway gateway;
        Subscribed subscribed(gateway);
        auto socket = subscription("Observation?code=x", "http://x/");
        socket.replace(socket.find("rest-hook"), 9, "websocket");
        REQUIRE(gateway.put("Subscription/s", socket).status == 201);
        wait_for_status(gateway, "active");
        const auto got = gateway.get("Subscription/s/$get-ws-binding-token");
        REQUIRE(got.status == 200);
        CHECK(got.body.find(R"({"name":"websocket-url","valueUrl":"ws://test/ws"})") != std::string::npos);
        CHECK(gateway.get("Subscription/$get-ws-binding-token?ids=s&ids=none").status == 404);
        CHECK(gateway.get("Subscription/$get-ws-binding-token").status == 400);
        observe(gateway, "a", "x");
        std::this_thread::sleep_for(std::chrono::milliseconds(100));  // nobody is bound: it waits
        CHECK(gateway.get("Subscription/s").root()["status"].text() == "active");
        CHECK(gateway.get("Subscription/s/$events").body.find("\"event-number\",\"valueString\":\"1\"") !=
              std::string::npos);
    }

    TEST_CASE("what could never work is refused") {
        Gateway gateway;
        for (const std::string& wrong :
             {subscription("Nothing?x=1", "http://x/"), subscription("Observation?nonsense=1", "http://x/"),
              subscription("Observation", "ftp://x/"), subscription("Observation", "http://user:pw@x/")}) {
            CAPTURE(wrong);
            CHECK(gateway.put("Subscription/s", wrong).status == 422);
        }
        auto email = subscription("Observation", "http://x/");
        email.replace(email.find("rest-hook"), 9, "email");
        CHECK(gateway.put("Subscription/s", email).status == 422);
    }
}
