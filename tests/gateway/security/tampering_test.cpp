// What `causeway audit verify` finds: every change, removal, move and cut, on a chain with a key and anchors.
#include <doctest/doctest.h>

#include <filesystem>
#include <random>

#include "gateway/storage/audit_chain.hpp"
#include "gateway/storage/sqlite/connection.hpp"
#include "gateway/storage/sqlite/doctor.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"

using namespace causeway;
using namespace causeway::storage;

namespace {

constexpr std::string_view chain_key = "a key of the audit chain";
constexpr std::int64_t row_count = 300;

/// A store with a chain of 300 rows, opened as somebody who can write the file opens it.
class Chain {
public:
    Chain() {
        std::string pattern = (std::filesystem::temp_directory_path() / "causeway-chain-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        folder_ = pattern;
        SqliteOptions options;
        options.file = folder_ / "store.db";
        options.secrets.audit = chain_key;
        auto store = open_sqlite(std::move(options)).value();
        for (int job = 0; job < 10; ++job) {
            transact_blocking(*store, [job](Transaction& transaction) -> Result<void> {
                for (int i = 0; i < row_count / 10; ++i)
                    transaction
                        .append_audit(R"({"did":"read","type":"Patient","id":")" + std::to_string(job * 100 + i) +
                                      "\"}")
                        .value();
                return {};
            }).value();
            // An anchor after each job, as the keeper notes them.
            const auto rows = store->snapshot().value()->audit({(job + 1) * row_count / 10 - 1, 1}).value();
            anchors.push_back({rows.front().sequence, rows.front().hash});
        }
        store->close();
        store.reset();
        connection = std::make_unique<Connection>(folder_ / "store.db", Access::writer, 1 << 20);
    }
    ~Chain() {
        connection.reset();
        std::filesystem::remove_all(folder_);
    }
    std::vector<std::string> faults(std::string_view key = chain_key) const {
        CheckReport report;
        check_audit(*connection, key, report, anchors);
        return report.faults;
    }
    void run(const std::string& sql) const { connection->execute(sql); }

    std::vector<AuditMark> anchors;
    std::unique_ptr<Connection> connection;

private:
    std::filesystem::path folder_;
};

/// One way to tamper; says what it did. Never one that leaves everything as it was.
class Tampering {
public:
    Tampering(const Chain& chain, std::uint32_t seed) : chain_(chain), random_(seed) {}

    std::string act(int kind) {
        const auto row = any(1, row_count), other = any(1, row_count - 1) + 1;
        const auto at = std::to_string(row);
        switch (kind) {
            case 0:
                chain_.run("UPDATE audit SET event = replace(event, 'read', 'reed') WHERE seq = " + at);
                return "a byte of the event of " + at;
            case 1: {
                const auto byte = any(1, 32);
                chain_.run("UPDATE audit SET hash = CAST(substr(hash, 1, " + std::to_string(byte - 1) + ") || x'" +
                           (chain_.connection->scalar("SELECT hex(substr(hash, " + std::to_string(byte) +
                                                      ", 1)) FROM audit WHERE seq = " + at) == "00"
                                ? "01"
                                : "00") +
                           "' || substr(hash, " + std::to_string(byte + 1) + ") AS BLOB) WHERE seq = " + at);
                return "a byte of the hash of " + at;
            }
            case 2:
                chain_.run("UPDATE audit SET at_us = at_us + " + std::to_string(any(1, 1'000'000)) +
                           " WHERE seq = " + at);
                return "the time of " + at;
            case 3:
                chain_.run("DELETE FROM audit WHERE seq = " + at);
                return "row " + at + " removed";
            case 4: {
                const auto last = std::min<std::int64_t>(row_count, row + any(1, 20));
                chain_.run("DELETE FROM audit WHERE seq BETWEEN " + at + " AND " + std::to_string(last));
                return "rows " + at + " to " + std::to_string(last) + " removed";
            }
            case 5: {  // two events change places
                const auto second = other == row ? row % row_count + 1 : other;
                const auto b = std::to_string(second);
                chain_.run("UPDATE audit SET event = (SELECT event FROM audit a WHERE a.seq = " + at + " + " + b +
                           " - audit.seq) WHERE seq IN (" + at + "," + b + ")");
                return "the events of " + at + " and " + b + " exchanged";
            }
            case 6: {  // two whole rows change places
                const auto second = other == row ? row % row_count + 1 : other;
                const auto b = std::to_string(second);
                chain_.run("UPDATE audit SET seq = -1 WHERE seq = " + at);
                chain_.run("UPDATE audit SET seq = " + at + " WHERE seq = " + b);
                chain_.run("UPDATE audit SET seq = " + b + " WHERE seq = -1");
                return "rows " + at + " and " + b + " exchanged";
            }
            case 7:
                chain_.run("DELETE FROM audit WHERE seq >= " + at);
                return "the end cut from " + at;
            case 8:
                chain_.run("DELETE FROM audit WHERE seq <= " + at);
                return "the beginning cut to " + at;
            case 9: {  // a row more, hashed as well as one can without the key
                forge(row_count + 1, hash_of(row_count), "{\"did\":\"delete\"}");
                return "a forged row at the end";
            }
            case 10: {  // an event is changed and the rest of the chain computed anew without the key
                chain_.run("UPDATE audit SET event = '{}' WHERE seq = " + at);
                rehash(row);
                return "the chain computed anew from " + at;
            }
            case 11: {  // one row goes, the later ones move up, and the chain is computed anew without the key
                chain_.run("DELETE FROM audit WHERE seq = " + at);
                for (auto next = row + 1; next <= row_count; ++next)
                    chain_.run("UPDATE audit SET seq = " + std::to_string(next - 1) +
                               " WHERE seq = " + std::to_string(next));
                rehash(row);
                return "row " + at + " removed, the rest moved up";
            }
            case 12: {  // the beginning goes with a record of a purge that nobody with the key made
                const AuditMark mark{row, hash_of(row)};
                chain_.run("DELETE FROM audit WHERE seq <= " + at);
                chain_.run("INSERT INTO note (name, value) VALUES ('audit/begin', '" + render_audit_begin("", mark) +
                           "')");
                return "the beginning cut to " + at + " with a forged record";
            }
            default: {  // the end is cut and written anew
                chain_.run("DELETE FROM audit WHERE seq >= " + at);
                auto previous = row == 1 ? AuditHash{} : hash_of(row - 1);
                for (auto next = row; next <= row_count; ++next) previous = forge(next, previous, "{\"did\":\"read\"}");
                return "the end written anew from " + at;
            }
        }
    }

private:
    std::int64_t any(std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
    }
    AuditHash hash_of(std::int64_t row) const {
        return audit_hash_of_hex(
                   lower(chain_.connection->scalar("SELECT hex(hash) FROM audit WHERE seq = " + std::to_string(row))))
            .value();
    }
    static std::string lower(std::string text) {
        for (char& c : text) c = static_cast<char>(std::tolower(c));
        return text;
    }
    AuditHash forge(std::int64_t row, const AuditHash& previous, const std::string& event) const {
        const auto hash = audit_hash("", previous, row, 1, event);
        chain_.run("INSERT INTO audit (seq, at_us, event, hash) VALUES (" + std::to_string(row) + ", 1, CAST('" +
                   event + "' AS BLOB), x'" + to_hex(hash) + "')");
        return hash;
    }
    void rehash(std::int64_t from) const {
        auto previous = from == 1 ? AuditHash{} : hash_of(from - 1);
        const auto last = std::stoll(chain_.connection->scalar("SELECT MAX(seq) FROM audit"));
        for (auto row = from; row <= last; ++row) {
            const auto at = std::to_string(row);
            previous = audit_hash("", previous, row,
                                  std::stoll(chain_.connection->scalar("SELECT at_us FROM audit WHERE seq = " + at)),
                                  chain_.connection->scalar("SELECT CAST(event AS TEXT) FROM audit WHERE seq = " + at));
            chain_.run("UPDATE audit SET hash = x'" + to_hex(previous) + "' WHERE seq = " + at);
        }
    }

    const Chain& chain_;
    std::mt19937 random_;
};

}  // namespace

TEST_SUITE("gateway/security/tampering") {
    TEST_CASE("a thousand tamperings are found, and the chain as it was written raises no alarm") {
        const Chain chain;
        REQUIRE(chain.faults().empty());
        int found = 0;
        for (int i = 0; i < 1000; ++i) {
            chain.run("BEGIN IMMEDIATE");
            Tampering tampering(chain, static_cast<std::uint32_t>(i));
            const auto what = tampering.act(i % 14);
            const bool seen = !chain.faults().empty();
            CHECK_MESSAGE(seen, i << ": " << what);
            if (seen) ++found;
            chain.run("ROLLBACK");
        }
        CHECK(found == 1000);
        CHECK(chain.faults().empty());
    }

    TEST_CASE("without the key nothing of the chain fits") {
        const Chain chain;
        CHECK_FALSE(chain.faults("another key of the chain").empty());
        CHECK_FALSE(chain.faults("").empty());
    }

    TEST_CASE("a cut end is invisible to the chain alone: that is what anchors are for") {
        Chain chain;
        chain.run("BEGIN IMMEDIATE");
        chain.run("DELETE FROM audit WHERE seq > 250");
        CHECK_FALSE(chain.faults().empty());
        chain.anchors.clear();
        CHECK(chain.faults().empty());
        chain.run("ROLLBACK");
    }
}
