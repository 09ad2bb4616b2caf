#include "gateway/exchange/control_ids.hpp"
#include "gateway/exchange/identity_keys.hpp"
#include "gateway/mllp/inbox_handler.hpp"
#include "gateway/mllp/incoming_batch.hpp"
#include "gateway/storage/memory/memory_store.hpp"
#include "tests/gateway/mllp/fixture.hpp"

using namespace causeway;
using namespace causeway::mllp;
using namespace causeway::mllp::test;
using std::chrono::milliseconds;

namespace {

std::string adt(std::string_view control_id) {
    return "MSH|^~\\&|DESK|NORTH|CW|C|20260302080500||ADT^A04^ADT_A01|" + std::string(control_id) +
           "|P|2.5.1\rEVN|A04|20260302080500\rPID|1||" + std::string(control_id) +
           "^^^NORTH&1.2.3&ISO^MR||DOE^JANE||19800101|F\rPV1|1|O\r";
}

std::string batch_of(const std::vector<std::string>& ids, std::size_t stated) {
    std::string out = "BHS|^~\\&|DESK|NORTH|CW|C|20260302080500||||B1\r";
    for (const auto& id : ids) out += adt(id);
    return out + "BTS|" + std::to_string(stated) + "\r";
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

/// A listener in front of an inbox on the store in memory.
struct Gateway {
    ops::SystemClock clock;
    exchange::ControlIds ids{clock};
    security::Door door;
    std::unique_ptr<storage::Store> store = storage::make_memory_store();
    rest::ResourceWriter writer{*store};
    exchange::IdentityRegistrar registrar;
    std::shared_ptr<const mappings::MapSet> maps = mappings::MapSet::load(mappings::MapSet::builtin()).maps;
    exchange::Inbox inbox{{*store, writer, door, clock, [this] { return ids.next(); }, nullptr, nullptr},
                          std::make_shared<exchange::ExchangeSettings>(),
                          maps};
    net::thread_pool cpu{1};
    InboxEvents events;
    Io io;
    InboxHandler handler{inbox, *store, cpu, events};
    Listener listener{io.context, handler, {}};
    std::uint16_t port = *listener.listen("127.0.0.1", 0);

    Gateway() { writer.add_observer(registrar); }
    ~Gateway() {
        CHECK(stop_within(listener, milliseconds(5'000)));
        cpu.join();
    }
    std::size_t received() {
        auto snapshot = store->snapshot();
        return (*snapshot)->inbox(storage::InboxQuery{})->size();
    }
};

}  // namespace

TEST_SUITE("gateway/mllp/incoming_batch") {
    TEST_CASE("a batch is answered by a batch of acknowledgements that names it") {
        Gateway gateway;
        Client client(gateway.port);
        client.send_message(batch_of({"M1", "M2", "M3"}, 3));
        const auto answer = client.receive();
        CAPTURE(answer);
        CHECK(answer.starts_with("BHS|^~\\&|CW|C|DESK|NORTH|"));
        CHECK(answer.find("|B1\r") != std::string::npos);  // BHS-12
        for (const auto* id : {"MSA|AA|M1", "MSA|AA|M2", "MSA|AA|M3"}) CHECK(count(answer, id) == 1);
        CHECK(answer.find("BTS|3") != std::string::npos);
        CHECK(gateway.received() == 3);

        client.send_message(batch_of({"M1", "M2", "M3"}, 3));  // its answer was lost
        CHECK(count(client.receive(), "MSA|AA|M") == 3);
        CHECK(gateway.received() == 3);

        client.send_message(adt("M4"));  // the connection goes on with single messages
        CHECK(client.receive().find("MSA|AA|M4") != std::string::npos);
    }

    TEST_CASE("a file of batches has its shape in the answer") {
        Gateway gateway;
        Client client(gateway.port);
        client.send_message("FHS|^~\\&|DESK|NORTH|CW|C|20260302080500||||F1\r" + batch_of({"M1"}, 1) +
                            batch_of({"M2"}, 1) + "FTS|2\r");
        const auto answer = client.receive();
        CAPTURE(answer);
        CHECK(answer.starts_with("FHS|^~\\&|CW|C|DESK|NORTH|"));
        CHECK(count(answer, "\rBHS|") == 2);
        CHECK(count(answer, "|F1\r") == 1);
        CHECK(answer.find("FTS|2") != std::string::npos);
    }

    TEST_CASE("nothing of a batch that is not whole is processed") {
        Gateway gateway;
        Client client(gateway.port);
        client.send_message(batch_of({"M1", "M2"}, 3));
        const auto answer = client.receive();
        CAPTURE(answer);
        CHECK(count(answer, "MSA|") == 1);
        CHECK(answer.find("MSA|AR|B1") != std::string::npos);
        CHECK(gateway.received() == 0);
        const auto whole = batch_of({"M1"}, 1);
        client.send_message(whole.substr(0, whole.find("BTS")));  // no trailer
        CHECK(client.receive().find("MSA|AR|B1") != std::string::npos);
        CHECK(gateway.received() == 0);
    }

    TEST_CASE("the number of messages is bounded") {
        std::string text = "BHS|^~\\&|A|B|||||||B9\r";
        for (std::size_t i = 0; i <= batch_messages_max; ++i) text += "MSH|^~\\&|A\r";
        CHECK(read_batch(text).fault == "more than 10000 messages in one batch");
        text = "BHS|^~\\&|A|B|||||||B9\r";
        for (std::size_t i = 0; i < batch_messages_max; ++i) text += "MSH|^~\\&|A\r";
        CHECK(read_batch(text + "BTS|10000\r").fault.empty());
    }

    TEST_CASE("two messages in one frame are two messages") {
        Gateway gateway;
        Client client(gateway.port);
        client.send_message(adt("T1") + adt("T2"));
        CHECK(client.receive().find("MSA|AA|T1") != std::string::npos);
        CHECK(client.receive().find("MSA|AA|T2") != std::string::npos);
        CHECK(gateway.received() == 2);
        CHECK(split_messages("MSH|a\rOBX|1||MSH|b\r").size() == 1);
        CHECK(split_messages("MSH|a\rMSH\r").size() == 1);
        CHECK(split_messages("MSH|a\nMSH|b\nMSH|c").size() == 3);
        CHECK(split_messages("").size() == 1);
    }
}
