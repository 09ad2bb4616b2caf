#include "gateway/http/memory_budget.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using causeway::http::document_bytes;
using causeway::http::MemoryBudget;
using causeway::http::Peer;
using Part = MemoryBudget::Part;

namespace {
constexpr std::size_t kb = 1024;
const Peer proxy{"127.0.0.1", true}, one{"192.0.2.1", false}, other{"192.0.2.2", false};
}  // namespace

TEST_SUITE("gateway/http/memory_budget") {
    TEST_CASE("each part has its bound, and what is given back can be had again") {
        MemoryBudget budget(4096 * kb);  // 1 MB bodies, 2 MB documents, 1 MB answers
        MemoryBudget::Share second(budget, &proxy);
        {
            MemoryBudget::Share first(budget, &proxy);
            CHECK(first.hold(Part::bodies, 700 * kb));
            CHECK_FALSE(second.hold(Part::bodies, 400 * kb));
            CHECK(second.hold(Part::documents, 400 * kb));
            CHECK(first.hold(Part::answers, 700 * kb));  // moves
            CHECK(budget.held() == 1100 * kb);
            CHECK(second.hold(Part::bodies, 400 * kb));
            CHECK_FALSE(second.hold(Part::answers, 400 * kb));
            CHECK(budget.held() == 1100 * kb);  // what was held stays
        }
        CHECK(second.hold(Part::answers, 1024 * kb));
        second.release();
        CHECK(budget.held() == 0);
    }

    TEST_CASE("small ones have a reserve when everything else is taken") {
        MemoryBudget budget(4096 * kb);
        MemoryBudget::Share all(budget, &proxy);
        CHECK(all.hold(Part::bodies, 1024 * kb));
        std::vector<std::unique_ptr<MemoryBudget::Share>> small;
        for (int i = 0; i < 16; ++i) {
            small.push_back(std::make_unique<MemoryBudget::Share>(budget, &one));
            CHECK(small.back()->hold(Part::bodies, 64 * kb));
        }
        MemoryBudget::Share more(budget, &one);
        CHECK_FALSE(more.hold(Part::bodies, 64 * kb));  // the reserve has its bound too
        small.pop_back();
        CHECK(more.hold(Part::bodies, 64 * kb));
    }

    TEST_CASE("what no share can hold is let in alone, beside the usual ones") {
        MemoryBudget budget(4096 * kb);
        MemoryBudget::Share large(budget, &proxy), another(budget, &proxy), usual(budget, &proxy);
        CHECK(large.hold(Part::documents, 9000 * kb));
        CHECK(large.hold(Part::documents, 9500 * kb));
        CHECK_FALSE(another.hold(Part::documents, 9000 * kb));
        CHECK(usual.hold(Part::documents, 2048 * kb));
        large.release();
        CHECK(another.hold(Part::documents, 9000 * kb));
    }

    TEST_CASE("an address has half of a part; this machine, where a proxy may be, has all") {
        MemoryBudget budget(4096 * kb);
        MemoryBudget::Share a(budget, &one), b(budget, &one), c(budget, &other), d(budget, &proxy);
        CHECK(a.hold(Part::answers, 400 * kb));
        CHECK_FALSE(b.hold(Part::answers, 200 * kb));
        CHECK(c.hold(Part::answers, 512 * kb));
        CHECK_FALSE(d.hold(Part::answers, 200 * kb));
        a.release();
        CHECK(b.hold(Part::answers, 200 * kb));
        c.release();
        CHECK(d.hold(Part::answers, 800 * kb));
    }

    TEST_CASE("room is given in the order in which it was asked for") {
        MemoryBudget budget(4096 * kb);
        MemoryBudget::Share a(budget, &proxy), b(budget, &proxy), c(budget, &proxy);
        CHECK(a.hold(Part::documents, 1500 * kb));
        CHECK_FALSE(b.hold(Part::documents, 1000 * kb));
        CHECK(b.wait(Part::documents, 1000 * kb));
        CHECK_FALSE(c.hold(Part::documents, 100 * kb));  // would fit, but b was first
        CHECK(a.hold(Part::documents, 1600 * kb));       // who is in may grow
        a.release();
        CHECK(b.hold(Part::documents, 1000 * kb));
        b.leave_line();
        CHECK(c.hold(Part::documents, 100 * kb));
        std::vector<std::unique_ptr<MemoryBudget::Share>> line;
        for (int i = 0; i < 64; ++i) {
            line.push_back(std::make_unique<MemoryBudget::Share>(budget, &proxy));
            CHECK(line.back()->wait(Part::documents, 9000 * kb));
        }
        MemoryBudget::Share late(budget, &proxy);
        CHECK_FALSE(late.wait(Part::documents, 1));
    }

    TEST_CASE("bodies that fill their part together do not wait for each other for ever") {
        MemoryBudget budget(4096 * kb);
        MemoryBudget::Share a(budget, &proxy), b(budget, &proxy);
        CHECK(a.hold(Part::bodies, 500 * kb));
        CHECK(b.hold(Part::bodies, 500 * kb));
        CHECK_FALSE(a.hold(Part::bodies, 700 * kb));
        CHECK(a.wait(Part::bodies, 700 * kb));
        CHECK_FALSE(b.hold(Part::bodies, 600 * kb));
        CHECK(b.wait(Part::bodies, 600 * kb));
        CHECK(a.hold(Part::bodies, 700 * kb));
        a.leave_line();
        CHECK(b.hold(Part::bodies, 600 * kb));
    }

    TEST_CASE("answers in the line are held too: not many of them wait") {
        MemoryBudget budget(4096 * kb);
        MemoryBudget::Share a(budget, &proxy), b(budget, &proxy), c(budget, &proxy);
        CHECK(a.hold(Part::answers, 1000 * kb));
        CHECK(b.wait(Part::answers, 400 * kb));
        CHECK_FALSE(c.wait(Part::answers, 400 * kb));
        b.leave_line();
        CHECK(c.wait(Part::answers, 400 * kb));
    }

    TEST_CASE("what cannot be refused is counted all the same") {
        MemoryBudget budget(4096 * kb);
        MemoryBudget::Share a(budget, &one), b(budget, &one);
        CHECK(a.hold(Part::answers, 500 * kb));
        CHECK_FALSE(b.hold(Part::answers, 1000 * kb - 500 * kb));
        b.hold_anyway(Part::answers, 500 * kb);
        CHECK(budget.held() == 1000 * kb);
        b.release();
        CHECK(budget.held() == 500 * kb);
    }

    TEST_CASE("a document of many small elements weighs more than its text") {
        CHECK(document_bytes(std::string(1000, 'x')) == 3000);
        CHECK(document_bytes("[0,0,0]") == 3 * 7 + 3 * 64);
        CHECK(document_bytes("<a><b/></a>") == 3 * 11 + 3 * 96);
    }
}
