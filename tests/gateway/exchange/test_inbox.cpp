#include <doctest/doctest.h>

#include <algorithm>

#include "gateway/exchange/control_ids.hpp"
#include "gateway/exchange/identity_keys.hpp"
#include "gateway/exchange/inbox.hpp"
#include "gateway/storage/memory/memory_store.hpp"
#include "hl7v2/continuation.hpp"
#include "tests/gateway/exchange/fixtures.hpp"

using namespace causeway;
using namespace causeway::exchange;
using causeway::exchange::tests::FakeClock;
using causeway::exchange::tests::maps;

namespace {

std::shared_ptr<const ExchangeSettings> settings() {
    auto made = std::make_shared<ExchangeSettings>();
    Partner lab;
    lab.name = "lab";
    lab.application = "LIS";
    lab.mllp = MllpEndpoint{.host = "127.0.0.1", .port = 1};
    Partner hie = lab;
    hie.name = "hie";
    hie.application = "HIE";
    Partner strict = lab;
    strict.name = "strict";
    strict.application = "STRICT";
    strict.tolerances.syntax = hl7v2::Tolerances::strict();
    Partner tolerant = strict;
    tolerant.name = "tolerant";
    tolerant.application = "TOLERANT";
    tolerant.tolerances.syntax = {hl7v2::Tolerance::lower_case_names, hl7v2::Tolerance::missing_control_id};
    Partner apart = lab;
    apart.name = "apart";
    apart.application = "APART";
    apart.acknowledge_apart = true;
    made->partners = {lab, hie, strict, tolerant, apart};
    RoutingRule relay;
    relay.name = "admissions";
    relay.messages = {"ADT^A04"};
    relay.to = "hie";
    made->rules = {relay};
    REQUIRE(validate(*made).empty());
    return made;
}

/// The whole inbox on the store in memory, with a fault wherever the test wants one.
struct Bench {
    FakeClock clock;
    ControlIds ids{clock};
    security::Door door;
    int fail_at = -1, calls = 0;
    std::unique_ptr<storage::Store> store = storage::make_memory_store(
        {.now_us = [this] { return clock.now_us(); }, .fault = [this](const char*) { return calls++ == fail_at; }});
    rest::ResourceWriter writer{*store};
    IdentityRegistrar registrar;
    std::vector<ConfigurationFault> faults;
    std::shared_ptr<const ExchangeSettings> configuration;
    Router router{configuration, {*store, maps(), [this] { return ids.next(); }, {}}, faults};
    Inbox inbox{{*store, writer, door, clock, [this] { return ids.next(); }, &router, nullptr}, configuration, maps()};

    explicit Bench(std::shared_ptr<const ExchangeSettings> wanted = settings()) : configuration(std::move(wanted)) {
        writer.add_observer(registrar);
        writer.add_observer(router);
    }
    Receipt accept(const std::string& bytes) { return inbox.accept_blocking(bytes, {"test", "127.0.0.1"}); }
    std::size_t waiting() {
        auto snapshot = store->snapshot();
        return (*snapshot)->outbox(storage::OutboxQuery{})->size();
    }
    std::optional<storage::StoredResource> find(const std::string& key) {
        auto snapshot = store->snapshot();
        const auto name = *(*snapshot)->identity(key);
        if (!name) return std::nullopt;
        return *(*snapshot)->read(name->type, name->id);
    }
};

std::string adt(std::string_view control_id, std::string_view phone, std::string_view time = "20260302080500",
                std::string_view header = "") {
    return "MSH|^~\\&|DESK|NORTH|CW|C|" + std::string(time) + "||ADT^A04^ADT_A01|" + std::string(control_id) +
           "|P|2.5.1" + std::string(header) +
           "\rEVN|A04|20260302080500\rPID|1||10231^^^NORTH&1.2.3&ISO^MR||DOE^JANE||19800101|F|||1 A ST^^X^IL^62704||" +
           std::string(phone) + "\rPV1|1|O\r";
}

}  // namespace

TEST_SUITE("gateway/exchange/inbox") {
    TEST_CASE("a message is stored with its effects and acknowledged by its control id") {
        Bench bench;
        REQUIRE(bench.faults.empty());
        const auto receipt = bench.accept(adt("M1", "(217)544-0148"));
        CAPTURE(receipt.note);
        CHECK(receipt.outcome == Receipt::Outcome::processed);
        REQUIRE(receipt.replies.size() == 1);
        CHECK(receipt.replies[0].find("MSA|AA|M1") != std::string::npos);
        CHECK(receipt.resources >= 1);
        CHECK(bench.waiting() == 1);  // relayed to the HIE
        auto snapshot = bench.store->snapshot();
        const auto row = *(*snapshot)->inbox(receipt.id);
        REQUIRE(row);
        CHECK(row->message.raw == adt("M1", "(217)544-0148"));
        CHECK(row->message.acknowledgement == receipt.replies[0]);
    }

    TEST_CASE("each partner has its own tolerances, and each use of one is counted") {
        Bench bench;
        const auto message = [](std::string_view application, std::string_view segment) {
            return "MSH|^~\\&|" + std::string(application) + "|NORTH|CW|C|20260302||ADT^A04^ADT_A01|M" +
                   std::string(segment) + "|P|2.5.1\rEVN||20260302\r" + std::string(segment) +
                   "|1||10231^^^N^MR||DOE^JANE\rPV1|1|O\r";
        };
        CHECK(bench.accept(message("STRICT", "PID")).outcome == Receipt::Outcome::processed);
        const auto refused = bench.accept(message("STRICT", "pid"));
        CHECK(refused.outcome == Receipt::Outcome::rejected);
        CHECK(refused.deviations.total() == 0);
        const auto taken = bench.accept(message("TOLERANT", "pid"));
        CAPTURE(taken.note);
        CHECK(taken.outcome == Receipt::Outcome::processed);
        CHECK(taken.deviations[hl7v2::Tolerance::lower_case_names] == 1);
        CHECK(taken.deviations.total() == 1);
    }

    TEST_CASE("a message without control id is known by its content where that is tolerated") {
        Bench bench;
        const auto message = [](std::string_view application, std::string_view name, std::string_view time) {
            return "MSH|^~\\&|" + std::string(application) + "|NORTH|CW|C|" + std::string(time) +
                   "||ADT^A04^ADT_A01||P|2.5.1\rEVN||20260302\rPID|1||10231^^^N^MR||" + std::string(name) +
                   "\rPV1|1|O\r";
        };
        const auto refused = bench.accept(message("LIS", "DOE^JANE", "20260302"));
        CHECK(refused.outcome == Receipt::Outcome::rejected);
        CHECK(refused.replies.at(0).find("ERR||MSH^1^10|101") != std::string::npos);
        const auto taken = bench.accept(message("TOLERANT", "DOE^JANE", "20260302"));
        CHECK(taken.outcome == Receipt::Outcome::processed);
        CHECK(taken.deviations[hl7v2::Tolerance::missing_control_id] == 1);
        CHECK(taken.replies.at(0).find("\rMSA|AA") != std::string::npos);
        CHECK(taken.replies.at(0).find('#') == std::string::npos);  // what is not sent is not answered
        const auto again = bench.accept(message("TOLERANT", "DOE^JANE", "20260303"));  // a new time is no new message
        CHECK(again.outcome == Receipt::Outcome::duplicate);
        CHECK(bench.accept(message("TOLERANT", "DOE^JOHN", "20260302")).outcome == Receipt::Outcome::processed);
    }

    TEST_CASE("what is too long for a partner goes to it in fragments, in order, the last under the message's own id") {
        auto wanted = std::make_shared<ExchangeSettings>(*settings());
        for (auto& partner : wanted->partners) {
            if (partner.name != "hie") continue;
            partner.mllp->fragment_bytes_max = 1'000;
            partner.acknowledgement = AcknowledgementMode::accept_and_application;
        }
        Bench bench(wanted);
        auto message = adt("M1", "(217)544-0148");
        message += "NTE|1||" + std::string(2'500, 'x') + "\r";
        REQUIRE(bench.accept(message).outcome == Receipt::Outcome::processed);
        auto snapshot = bench.store->snapshot();
        auto rows = *(*snapshot)->outbox(storage::OutboxQuery{});
        REQUIRE(rows.size() >= 3);
        std::ranges::sort(rows, {}, &storage::OutboxRow::id);
        hl7v2::Reassembly reassembly;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto stored = *(*snapshot)->outbox(rows[i].id);  // a list leaves the bytes out
            REQUIRE(stored);
            const auto& row = stored->message;
            CHECK(row.payload.size() <= 1'000);
            const auto part = hl7v2::MessageView::parse(std::string_view(row.payload));
            REQUIRE(part.has_value());
            CHECK(part->control_id() == row.control_id);
            const bool last = i + 1 == rows.size();
            CHECK(part->at(hl7v2::Path::parse("MSH-16").value()).is(last ? "AL" : "NE"));
            const auto step = reassembly.take(*part, 0);
            CHECK(step.outcome == (last ? hl7v2::Reassembly::Outcome::complete : hl7v2::Reassembly::Outcome::kept));
            if (last) CHECK(step.message.find("NTE|1||" + std::string(2'500, 'x') + "\r") != std::string::npos);
        }
    }

    TEST_CASE("a value continued by ADD is one value") {
        Bench bench;
        auto message = adt("M1", "(217)544-0148");
        message.insert(message.find("NE||19800101"), "\rADD|");
        const auto receipt = bench.accept(message);
        CAPTURE(receipt.note);
        REQUIRE(receipt.outcome == Receipt::Outcome::processed);
        CHECK(bench.find("Patient|urn:oid:1.2.3|10231")->json().find("\"JANE\"") != std::string::npos);
    }

    TEST_CASE("a message in fragments has its effect with the last of them, and one answer for the whole") {
        Bench bench;
        const auto fragment = [](std::string_view id, std::string_view pointer, std::string_view rest,
                                 std::string_view asks = "") {
            return "MSH|^~\\&|LIS|NORTH|CW|C|20260302||ADT^A04^ADT_A01|" + std::string(id) + "|P|2.5.1||" +
                   std::string(pointer) + std::string(asks) + "\r" + std::string(rest);
        };
        const auto first =
            fragment("F1", "", "EVN||20260302\rPID|1||777^^^NORTH&1.2.3&ISO^MR||DOE^JA\rADD\rDSC|P1|F\r");
        const auto second = fragment("F2", "P1", "ADD|NE||1980\rADD\rDSC|P2|F\r");
        const auto last = fragment("F3", "P2", "ADD|0101|F\rPV1|1|O\r");
        const auto accepts = [&](const std::string& bytes, Receipt::Outcome outcome, std::string_view answer) {
            const auto receipt = bench.accept(bytes);
            CAPTURE(bytes);
            CAPTURE(receipt.note);
            CHECK(receipt.outcome == outcome);
            REQUIRE(receipt.replies.size() == 1);
            CHECK(receipt.replies[0].find(answer) != std::string::npos);
        };
        accepts(second, Receipt::Outcome::failed, "MSA|AE|F2");  // continues nothing yet
        accepts(first, Receipt::Outcome::held, "MSA|AA|F1");
        accepts(first, Receipt::Outcome::duplicate, "MSA|AA|F1");
        CHECK_FALSE(bench.find("Patient|urn:oid:1.2.3|777"));
        accepts(second, Receipt::Outcome::held, "MSA|AA|F2");
        accepts(last, Receipt::Outcome::processed, "MSA|AA|F3");
        const auto patient = bench.find("Patient|urn:oid:1.2.3|777");
        REQUIRE(patient);
        CHECK(patient->json().find("\"JANE\"") != std::string::npos);
        CHECK(patient->json().find("1980-01-01") != std::string::npos);
        accepts(last, Receipt::Outcome::duplicate, "MSA|AA|F3");
        auto snapshot = bench.store->snapshot();
        std::size_t waiting = 0;
        for (const auto& row : *(*snapshot)->inbox(storage::InboxQuery{}))
            waiting += row.message.state == storage::InboxState::received ? 1U : 0U;
        CHECK(waiting == 0);
        // some senders put a constant into MSH-14: a message that lacks nothing is no fragment
        accepts(fragment("W1", "456", "EVN||20260302\rPID|1||779^^^NORTH&1.2.3&ISO^MR||DOE^JIM\rPV1|1|O\r"),
                Receipt::Outcome::processed, "MSA|AA|W1");
        accepts(fragment("W2", "456", "PV1|1|O\r"), Receipt::Outcome::failed, "MSA|AE|W2");
        // in enhanced mode each fragment is committed, and the application answers once
        const auto begin = bench.accept(fragment("G1", "", "EVN||20260302\rDSC|Q1|F\r", "|AL|AL"));
        REQUIRE(begin.replies.size() == 1);
        CHECK(begin.replies[0].find("MSA|CA|G1") != std::string::npos);
        const auto end =
            bench.accept(fragment("G2", "Q1", "PID|1||778^^^NORTH&1.2.3&ISO^MR||DOE^JO\rPV1|1|O\r", "|AL|AL"));
        REQUIRE(end.replies.size() == 2);
        CHECK(end.replies[1].find("MSA|AA|G2") != std::string::npos);
    }

    TEST_CASE("an application acknowledgement can go as a message of its own") {
        Bench bench;
        auto message = adt("M1", "1", "20260302080500", "|||AL|AL");
        message.replace(message.find("DESK"), 4, "APART");
        const auto receipt = bench.accept(message);
        REQUIRE(receipt.replies.size() == 1);
        CHECK(receipt.replies[0].find("MSA|CA|M1") != std::string::npos);
        auto snapshot = bench.store->snapshot();
        storage::OutboxQuery query;
        query.partner = "apart";
        query.with_payload = true;
        const auto rows = *(*snapshot)->outbox(query);
        REQUIRE(rows.size() == 1);
        CHECK(rows[0].message.kind == "ACK^A04");
        const auto parsed = hl7v2::Message::parse(rows[0].message.payload);
        REQUIRE(parsed.has_value());
        const auto msh = parsed->view().segment("MSH");
        CHECK(msh.field(10).raw() == rows[0].message.control_id);
        CHECK(msh.field(15).raw() == "AL");
        CHECK(msh.field(16).raw() == "NE");
        CHECK(parsed->view().segment("MSA").raw() == "MSA|AA|M1");
        // in original mode there is no other way than back
        auto original = adt("M2", "1");
        original.replace(original.find("DESK"), 4, "APART");
        CHECK(bench.accept(original).replies.size() == 1);
    }

    TEST_CASE("a redelivery gets the same answer and has no second effect, also with a new time") {
        Bench bench;
        const auto first = bench.accept(adt("M1", "(217)544-0148"));
        const auto again = bench.accept(adt("M1", "(217)544-0148", "20260302080931"));
        CHECK(again.outcome == Receipt::Outcome::duplicate);
        CHECK(again.replies == first.replies);
        CHECK(again.id == first.id);
        CHECK(bench.waiting() == 1);
    }

    TEST_CASE("the same control id with other content is processed: nothing is dropped") {
        Bench bench;
        bench.accept(adt("M1", "(217)544-0148"));
        const auto other = bench.accept(adt("M1", "(217)544-0199"));
        CHECK(other.outcome == Receipt::Outcome::processed);
        CHECK(other.reused_control_id);
        CHECK(bench.waiting() == 2);
    }

    TEST_CASE("sequence numbers: gaps are refused, repeats acknowledged without effect, 0 and -1 start the link") {
        Bench bench;
        auto numbered = std::make_shared<ExchangeSettings>(*bench.configuration);
        Partner desk;
        desk.name = "desk";
        desk.application = "DESK";
        desk.sequence_numbers = true;
        numbered->partners.push_back(desk);
        const Inbox inbox{
            {*bench.store, bench.writer, bench.door, bench.clock, [&] { return bench.ids.next(); }, nullptr, nullptr},
            numbered,
            maps()};
        int count = 0;
        const auto answer = [&](const std::string& number, const std::string& modes = "") {
            const auto id = "S" + std::to_string(++count);
            const auto receipt =
                inbox.accept_blocking(adt(id, id, "20260302080500", "|" + number + modes), {"test", ""});
            REQUIRE(receipt.replies.size() == 1);
            const auto from = receipt.replies[0].find("MSA|") + 4;
            return receipt.replies[0].substr(from, receipt.replies[0].find('\r', from) - from) + " " +
                   std::to_string(receipt.resources);
        };
        CHECK(answer("0") == "AA|S1||-1 0");  // no history
        CHECK(answer("41").starts_with("AA|S2||41 "));
        CHECK(answer("42").starts_with("AA|S3||42 "));
        CHECK(answer("42") == "AA|S4||43 0");                                  // its acknowledgement was lost
        CHECK(answer("44") == "AE|S5|not the sequence number expected|43 0");  // 43 is missing
        CHECK(answer("44", "||AL|NE") == "CE|S6|not the sequence number expected|43 0");
        CHECK(answer("0") == "AA|S7||43 0");
        CHECK(answer("43").starts_with("AA|S8||43 "));
        CHECK(answer("-1") == "AA|S9||-1 0");
        CHECK(answer("7").starts_with("AA|S10||7 "));
        CHECK(answer("").starts_with("AA|S11 "));  // does not take part
        CHECK(answer("8").starts_with("AA|S12||8 "));
    }

    TEST_CASE("an acknowledgement that comes by itself settles the message it names") {
        Bench bench;
        std::vector<std::string> told;
        const Inbox inbox{{*bench.store, bench.writer, bench.door, bench.clock, [&] { return bench.ids.next(); },
                           &bench.router, nullptr,
                           [&](const std::string& partner, storage::OutboxId id) {
                               told.push_back(partner + " " + std::to_string(id));
                           }},
                          bench.configuration,
                          maps()};
        inbox.accept_blocking(adt("M1", "1"), {"test", ""});  // relayed to the HIE
        const auto queued = [&] {
            auto snapshot = bench.store->snapshot();
            return (*(*snapshot)->outbox(storage::OutboxQuery{})).front();
        };
        REQUIRE(queued().state == storage::OutboxState::pending);
        const auto acknowledge = [&](const std::string& application, const std::string& code) {
            return inbox.accept_blocking("MSH|^~\\&|" + application + "|N|CW|C|20260302080501||ACK^A04^ACK|K" + code +
                                             application + "|P|2.5.1\rMSA|" + code + "|" + queued().message.control_id +
                                             "\r",
                                         {"test", ""});
        };
        acknowledge("LIS", "AA");  // of another partner: changes nothing
        CHECK(queued().state == storage::OutboxState::pending);
        const auto settled = acknowledge("HIE", "AA");
        CHECK(settled.outcome == Receipt::Outcome::processed);
        CHECK(settled.replies.empty());
        CHECK(queued().state == storage::OutboxState::delivered);
        CHECK(told == std::vector<std::string>{"hie " + std::to_string(queued().id)});
        const auto regretted = acknowledge("HIE", "AE");
        CHECK(regretted.outcome == Receipt::Outcome::failed);
        CHECK(regretted.note.find("regretted") != std::string::npos);
        CHECK(told.size() == 1);
    }

    TEST_CASE("enhanced mode answers as MSH-15 and MSH-16 wish") {
        struct Row {
            std::string header;
            std::vector<std::string> codes;
        };
        const Row rows[] = {{"", {"AA"}},     {"|||AL|NE", {"CA"}}, {"|||NE|AL", {"AA"}}, {"|||AL|AL", {"CA", "AA"}},
                            {"|||NE|NE", {}}, {"|||ER|NE", {}},     {"|||SU|ER", {"CA"}}, {"|||AL", {"CA"}}};
        for (const auto& row : rows) {
            CAPTURE(row.header);
            Bench bench;
            const auto receipt = bench.accept(adt("M1", "1", "20260302080500", row.header));
            std::vector<std::string> codes;
            for (const auto& reply : receipt.replies) codes.push_back(reply.substr(reply.find("MSA|") + 4, 2));
            CHECK(codes == row.codes);
        }
    }

    TEST_CASE("what is no message, or none we take, is kept and refused") {
        Bench bench;
        struct Row {
            std::string bytes, answer;
            Receipt::Outcome outcome;
        };
        const Row rows[] = {{"nonsense", "MSA|AR|", Receipt::Outcome::rejected},
                            {"MSH|^~\\&|A|B|C|D|1||ADT^A04||P|2.5.1\r", "MSA|AR|", Receipt::Outcome::rejected},
                            {"MSH|^~\\&|A|B|C|D|1||ADT^A04|7|X|2.5.1\r", "MSA|AR|7", Receipt::Outcome::rejected},
                            {"MSH|^~\\&|A|B|C|D|1||ADT^A04|7|P|3.0\r", "MSA|AR|7", Receipt::Outcome::rejected},
                            {"MSH|^~\\&|A|B|C|D|1||ZZZ^Z99|7|P|2.5.1\r", "MSA|AR|7", Receipt::Outcome::rejected}};
        for (const auto& row : rows) {
            CAPTURE(row.bytes);
            const auto receipt = bench.accept(row.bytes);
            CHECK(receipt.outcome == row.outcome);
            REQUIRE(receipt.replies.size() == 1);
            CHECK(receipt.replies[0].find(row.answer) != std::string::npos);
            auto snapshot = bench.store->snapshot();
            CHECK((*(*snapshot)->inbox(receipt.id))->message.raw == row.bytes);
        }
        CHECK(bench.waiting() == 0);
    }

    TEST_CASE(
        "a fault at each storage call in turn: never a positive answer without the effects, never an effect twice") {
        int faults = 0;
        for (int at = 0; at < 10'000; ++at) {
            Bench bench;
            bench.calls = 0;
            bench.fail_at = at;
            const auto first = bench.accept(adt("M1", "(217)544-0148"));
            const bool hit = bench.calls > at;
            bench.fail_at = -1;
            const bool positive = first.code == "AA";
            CAPTURE(at);
            CHECK(bench.waiting() == (positive ? 1 : 0));
            CHECK(!first.replies.empty());
            const auto again = bench.accept(adt("M1", "(217)544-0148"));  // as its sender would
            CHECK(again.replies.at(0).find("MSA|AA|M1") != std::string::npos);
            CHECK(bench.waiting() == 1);
            if (!hit) break;
            ++faults;
        }
        CHECK(faults >= 1);
    }

    TEST_CASE("a result goes from preliminary to final to corrected in the same resources, and never back") {
        const auto oru = [](std::string_view id, std::string_view issued, std::string_view status,
                            std::string_view value, std::string_view mrn = "10231") {
            return "MSH|^~\\&|LIS|L|CW|C|20260302154500||ORU^R01^ORU_R01|" + std::string(id) + "|P|2.5.1\rPID|1||" +
                   std::string(mrn) +
                   "^^^NORTH&1.2.3&ISO^MR||DOE^JANE\rORC|RE|P-1^EMR|F-1^LIS\rOBR|1|P-1^EMR|F-1^LIS|24331-1^Lipids^LN|||"
                   "20260302150500|||||||||||||||" +
                   std::string(issued) + "|||" + std::string(status) + "\rOBX|1|NM|2093-3^Chol^LN||" +
                   std::string(value) + "|mg/dL^^UCUM|||||" + std::string(status) + "\r";
        };
        Bench bench;
        const auto report = [&] {
            const auto stored = bench.find("DiagnosticReport|FILL|urn:id:LIS|F-1|http://loinc.org|24331-1 ");
            return stored ? stored->json() : std::string();
        };
        REQUIRE(bench.accept(oru("R1", "20260302154500", "P", "180")).outcome == Receipt::Outcome::processed);
        CHECK(bench.accept(oru("R2", "20260302161500", "F", "182")).resources == 2);
        const auto silent = bench.accept(oru("R2b", "20260302161500", "F", "128"));  // of the same time, another value
        CHECK(silent.outcome == Receipt::Outcome::held);
        CHECK(silent.note == "held: other-value");
        CHECK(bench.accept(oru("R2c", "20260302161500", "F", "182")).outcome == Receipt::Outcome::processed);
        CHECK(bench.accept(oru("R3", "20260303091000", "C", "128")).resources == 2);
        CHECK(bench.accept(oru("R3b", "20260303091000", "F", "182")).resources == 0);
        const auto late = bench.accept(oru("R4", "20260302154500", "P", "999"));
        CHECK(late.outcome == Receipt::Outcome::processed);
        CHECK(late.resources == 0);
        const auto other = bench.accept(oru("R5", "20260304091000", "C", "128", "66666"));
        CHECK(other.outcome == Receipt::Outcome::held);
        CHECK(other.replies.at(0).find("MSA|AA|R5") != std::string::npos);
        if (!report().empty()) CHECK(report().find("\"corrected\"") != std::string::npos);
    }

    TEST_CASE("a full queue refuses what would add to it, whole, and takes it when there is room") {
        auto small = std::make_shared<ExchangeSettings>(*settings());
        small->partners[1].queue_max = 1;  // the HIE
        Bench bench(small);
        CHECK(bench.accept(adt("M1", "(217)544-0148")).outcome == Receipt::Outcome::processed);
        const auto refused = bench.accept(adt("M2", "(217)544-0199"));
        CHECK(refused.outcome == Receipt::Outcome::not_stored);
        CHECK(refused.replies.at(0).find("MSA|AA") == std::string::npos);
        CHECK(bench.waiting() == 1);
        const auto delivered = storage::transact_blocking(
            *bench.store, [](storage::Transaction& transaction) { return transaction.mark_delivered(1, "MSA|AA"); });
        REQUIRE(delivered.has_value());
        bench.clock.us += 2'000'000;
        CHECK(bench.accept(adt("M2", "(217)544-0199")).outcome == Receipt::Outcome::processed);
    }

    TEST_CASE("a sender whose reports are snapshots withdraws a result by leaving it out; others do not") {
        const auto oru = [](std::string_view id, std::string_view results) {
            return "MSH|^~\\&|LIS|L|CW|C|20260302154500||ORU^R01^ORU_R01|" + std::string(id) +
                   "|P|2.5.1\rPID|1||10231^^^NORTH&1.2.3&ISO^MR||DOE^JANE\rORC|RE|P-1^EMR|F-1^LIS\r"
                   "OBR|1|P-1^EMR|F-1^LIS|24331-1^Lipids^LN|||20260302150500|||||||||||||||2026030216" +
                   std::string(id.substr(1)) + "00|||F\r" + std::string(results);
        };
        const std::string two = "OBX|1|NM|2093-3^Chol^LN||182|mg/dL|||||F\rOBX|2|NM|2571-8^Trig^LN||150|mg/dL|||||F\r";
        const std::string one = "OBX|1|NM|2093-3^Chol^LN||182|mg/dL|||||F\r";
        for (const bool snapshots : {true, false}) {
            CAPTURE(snapshots);
            auto wanted = std::make_shared<ExchangeSettings>(*settings());
            wanted->partners[0].tolerances.results_are_snapshots = snapshots;
            Bench bench(wanted);
            REQUIRE(bench.accept(oru("R10", two)).outcome == Receipt::Outcome::processed);
            REQUIRE(bench.accept(oru("R20", one)).outcome == Receipt::Outcome::processed);
            std::size_t withdrawn = 0;
            auto snapshot = bench.store->snapshot();
            for (storage::Rid rid = 1; rid < 40; ++rid) {
                const auto stored = (*snapshot)->read(rid);
                if (stored.has_error() || !*stored || (*stored)->type != "Observation") continue;
                withdrawn += (*stored)->json().find("\"entered-in-error\"") != std::string::npos;
            }
            CHECK(withdrawn == (snapshots ? 1 : 0));
        }
    }

    TEST_CASE("what cannot be mapped is an error where the partner is held to it") {
        for (const bool strict : {true, false}) {
            CAPTURE(strict);
            auto wanted = std::make_shared<ExchangeSettings>(*settings());
            wanted->partners[0].tolerances.unmapped_is_error = strict;
            wanted->partners[0].application = "DESK";
            Bench bench(wanted);
            auto bad = adt("M1", "(217)544-0148");
            bad.replace(bad.find("19800101"), 8, "19801399");  // no month 13
            const auto receipt = bench.accept(bad);
            CHECK(receipt.outcome == (strict ? Receipt::Outcome::failed : Receipt::Outcome::processed));
            CHECK(receipt.code == (strict ? "AE" : "AA"));
        }
    }

    TEST_CASE("an acknowledgement that comes by itself is not acknowledged") {
        Bench bench;
        const auto receipt = bench.accept("MSH|^~\\&|A|B|C|D|1||ACK|7|P|2.5.1\rMSA|AA|6\r");
        CHECK(receipt.replies.empty());
        CHECK(receipt.outcome == Receipt::Outcome::processed);
    }
}
