#include <filesystem>
#include <fstream>

#include "gateway/mllp/send_run.hpp"
#include "gateway/mllp/stand_in.hpp"
#include "tests/gateway/mllp/fixture.hpp"

using namespace causeway;
using namespace causeway::mllp;
using namespace causeway::mllp::test;
using std::chrono::milliseconds;

namespace {

const std::string order =
    "MSH|^~\\&|CW|C|LIS|N|20260101||OML^O21^OML_O21|77|P|2.5.1\rORC|NW|P-1\rOBR|1|P-1||57698-3^Lipids^LN\r";

/// A stand-in partner on a port of its own.
struct Partner {
    Io io;
    std::filesystem::path folder;
    StandIn stand_in;
    Listener listener;
    std::uint16_t port = 0;

    explicit Partner(const std::string& script, std::string reply_to = {})
        : Partner(script, make_folder(), std::move(reply_to)) {}
    Partner(const std::string& script, std::filesystem::path in, std::string reply_to)
        : folder(std::move(in)),
          stand_in(io.context, *ListenScript::parse(script),
                   {.out = folder, .scripts = folder, .reply_to = std::move(reply_to), .timeout = milliseconds(2'000)},
                   {}),
          listener(io.context, stand_in, {}) {
        port = *listener.listen("127.0.0.1", 0);
    }
    ~Partner() {
        CHECK(stop_within(listener, milliseconds(5'000)));
        std::filesystem::remove_all(folder);
    }
    static std::filesystem::path make_folder() {
        static std::atomic<int> count = 0;
        const auto path = std::filesystem::temp_directory_path() /
                          ("causeway-stand-in-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
        std::filesystem::create_directories(path);
        return path;
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            if (entry.path().extension() == ".hl7") names.push_back(entry.path().string());
        }
        std::sort(names.begin(), names.end());
        return names;
    }
};

std::vector<SendResult> send(std::uint16_t port, const std::vector<std::string>& messages, SendOptions options = {},
                             SendReport* report = nullptr) {
    options.host = "127.0.0.1";
    options.port = port;
    net::io_context io(1);
    std::vector<SendResult> results;
    auto all = send_all(io, options, messages, [&](const SendResult& result) { results.push_back(result); });
    if (report != nullptr) *report = std::move(all);
    return results;
}

}  // namespace

TEST_SUITE("gateway/mllp/send_run") {
    TEST_CASE("sends, matches the answers and keeps what was received byte for byte") {
        Partner partner("on *: answer AA\n");
        SendReport report;
        const auto results = send(partner.port, {order}, {}, &report);
        REQUIRE(results.size() == 1);
        CHECK(results[0].code == "AA");
        CHECK(results[0].control_id == "77");
        CHECK(report.positive == 1);
        CHECK(report.times_us.size() == 1);
        REQUIRE(partner.files().size() == 1);
        std::ifstream file(partner.files()[0], std::ios::binary);
        CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == order);
        CHECK(partner.files()[0].find("OML_O21") != std::string::npos);
    }

    TEST_CASE("each misbehaviour of a partner is told apart") {
        struct Row {
            std::string script, code, text;
        };
        const Row rows[] = {
            {"on *: answer AE 103", "AE", "error 103"},
            {"on *: answer AR", "AR", ""},
            {"on *: wrong-id", "AA?", "MSA-2 is \"NOT-77\""},
            {"on *: garbage", "none", "the answer is no acknowledgement"},
            {"on *: close", "none", "the connection was closed without an answer"},
            {"on *: half", "none", "the connection was closed without an answer"},
            {"on *: silence", "none", "no answer in time"},
            {"on *: delay 50ms; answer CA", "CA", ""},
            {"on *: pieces 20 5ms", "AA", ""},
        };
        for (const auto& row : rows) {
            CAPTURE(row.script);
            Partner partner(row.script);
            SendOptions options;
            options.answer_timeout = milliseconds(row.script == "on *: silence" ? 400 : 10'000);
            const auto results = send(partner.port, {order}, options);
            REQUIRE(results.size() == 1);
            CHECK(results[0].code == row.code);
            CHECK(results[0].text == row.text);
        }
    }

    TEST_CASE("a late answer is not taken for the next message's") {
        Partner partner("on * times 1: delay 500ms; answer AA\non *: answer AA\n");
        auto second = order;
        second.replace(second.find("|77|"), 4, "|78|");
        SendOptions options;
        options.answer_timeout = milliseconds(200);
        const auto results = send(partner.port, {order, second}, options);
        REQUIRE(results.size() == 2);
        CHECK(results[0].code == "none");
        CHECK(results[1].code == "AA");
        CHECK(results[1].control_id == "78");
    }

    TEST_CASE("nobody listening is a failure of each message, in the time allowed") {
        const auto results = send(1, {order, order});
        REQUIRE(results.size() == 2);
        CHECK(results[0].code == "failed");
        CHECK(results[0].text.starts_with("cannot connect: "));
    }

    TEST_CASE("connections, repetition, fresh ids and a rate") {
        Partner partner("");
        SendOptions options;
        options.connections = 4;
        options.repeat = 25;
        options.fresh = true;
        options.per_second = 200;
        SendReport report;
        const auto results = send(partner.port, {order, order}, options, &report);
        CHECK(report.positive == 50);
        CHECK(report.elapsed >= milliseconds(240));  // 50 at 200 a second
        std::vector<std::string> ids;
        for (const auto& result : results) ids.push_back(result.control_id);
        std::sort(ids.begin(), ids.end());
        CHECK(std::unique(ids.begin(), ids.end()) == ids.end());
        CHECK(report.percentile_us(0) <= report.percentile_us(0.5));
        CHECK(report.percentile_us(0.5) <= report.percentile_us(1));
    }

    TEST_CASE("templates in messages are filled in") {
        Partner partner("");
        const auto results = send(partner.port, {"MSH|^~\\&|A|B|||${now}||ADT^A01|N${n}|P|2.5\r"});
        REQUIRE(results.size() == 1);
        CHECK(results[0].control_id == "N1");
        CHECK(results[0].code == "AA");
    }
}

TEST_SUITE("gateway/mllp/send_run enhanced mode") {
    std::string asking(std::string_view accept, std::string_view application) {
        auto text = order;
        const auto at = text.find("|2.5.1") + 6;
        return text.insert(at, "|||" + std::string(accept) + "|" + std::string(application));
    }

    TEST_CASE("an accept acknowledgement is not the last word where an application acknowledgement is asked for") {
        Partner partner("on *: answer CA; delay 30ms; answer AE 207\n");
        const auto results = send(partner.port, {asking("AL", "AL"), asking("AL", "AL")});
        REQUIRE(results.size() == 2);
        for (const auto& each : results) {
            CHECK(each.code == "AE");
            CHECK(each.text == "error 207");
            CHECK(each.time >= milliseconds(30));
        }
    }

    TEST_CASE("nothing is waited for that is not asked for, and silence can be success") {
        Partner silent("on *: silence\n");
        SendOptions options;
        options.answer_timeout = milliseconds(150);
        SendReport report;
        const auto results =
            send(silent.port, {asking("NE", "NE"), asking("ER", "NE"), asking("AL", "NE")}, options, &report);
        REQUIRE(results.size() == 3);
        CHECK(results[0].code == "sent");
        CHECK(results[1].code == "sent");
        CHECK(results[1].text == "no error was reported");
        CHECK(results[2].code == "none");
        CHECK(report.positive == 2);
        CHECK(report.json().find(R"("results":{"none":1,"sent":2})") != std::string::npos);
    }

    TEST_CASE("a refusal at the door ends the wait") {
        Partner partner("on *: answer CR 200\n");
        const auto results = send(partner.port, {asking("AL", "AL")});
        REQUIRE(results.size() == 1);
        CHECK(results[0].code == "CR");
    }
}

TEST_SUITE("gateway/mllp/stand_in") {
    TEST_CASE("an application acknowledgement can come later, as a message of its own on another connection") {
        Partner sender("");
        Partner lab("on OML: answer CA; acknowledge AA after 30ms\n", "127.0.0.1:" + std::to_string(sender.port));
        const auto results = send(lab.port, {order});
        REQUIRE(results.size() == 1);
        CHECK(results[0].code == "CA");
        REQUIRE(eventually([&] { return sender.files().size() == 1; }));
        std::ifstream file(sender.files()[0], std::ios::binary);
        const std::string late(std::istreambuf_iterator<char>(file), {});
        CHECK(late.find("\rMSA|AA|77") != std::string::npos);
        CHECK(lab.stand_in.statistics() == R"({"received":1,"bytes":)" + std::to_string(order.size()) +
                                               R"(,"types":{"OML^O21":1},"answers":{"AA":1,"CA":1}})");
    }

    TEST_CASE("answers with a file and sends one later, with places of the message filled in") {
        Partner receiver("on *: answer AA\n");
        Partner lab("on OML: answer file reply.hl7; send result.hl7 after 50ms\n",
                    "127.0.0.1:" + std::to_string(receiver.port));
        std::ofstream(lab.folder / "reply.hl7") << "MSH|^~\\&|LIS|N|CW|C|${now}||ORL^O22^ORL_O22|${control_id}|P|2.5."
                                                   "1\nMSA|AA|${MSH-10}\nORC|OK|${ORC-2}|F-9\n";
        std::ofstream(lab.folder / "result.hl7")
            << "MSH|^~\\&|LIS|N|CW|C|${now}||ORU^R01^ORU_R01|${control_id}|P|2.5.1\nOBR|1|${ORC-2}|F-9|${OBR-4}\n";
        const auto results = send(lab.port, {order});
        REQUIRE(results.size() == 1);
        CHECK(results[0].code == "AA");
        CHECK(results[0].answer.find("ORC|OK|P-1|F-9\r") != std::string::npos);
        REQUIRE(eventually([&] { return receiver.stand_in.received() == 1; }));
        REQUIRE(eventually([&] { return receiver.files().size() == 1; }));
        std::ifstream file(receiver.files()[0], std::ios::binary);
        const std::string result(std::istreambuf_iterator<char>(file), {});
        CHECK(result.find("OBR|1|P-1|F-9|57698-3^Lipids^LN\r") != std::string::npos);
    }

    TEST_CASE("does not acknowledge acknowledgements and rejects what is no message") {
        Partner partner("");
        Client client(partner.port);
        client.send_message("MSH|^~\\&|A|B|||1||ACK|5|P|2.5\rMSA|AA|4\r");
        client.send_message("nonsense");
        const auto answer = client.receive();
        CHECK(answer.find("MSA|AR|") != std::string::npos);
    }

    TEST_CASE("host and port") {
        std::string host;
        std::uint16_t port = 0;
        CHECK(split_host_port("localhost:2575", host, port));
        CHECK(host == "localhost");
        CHECK(port == 2575);
        CHECK(split_host_port("[::1]:1", host, port));
        CHECK(host == "::1");
        for (const auto* bad : {"", "x", ":1", "x:", "x:0", "x:70000", "x:1a"}) {
            CAPTURE(bad);
            CHECK(!split_host_port(bad, host, port));
        }
    }
}
