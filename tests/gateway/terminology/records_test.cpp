#include "gateway/terminology/records.hpp"

#include <doctest/doctest.h>

#include "tests/gateway/terminology/folder.hpp"

using namespace causeway::terminology;

namespace {

std::string cells_of(Format format, std::string_view text) {
    const causeway::test::Folder folder;
    RecordReader rows(folder.write("file", text), format);
    std::string out;
    while (rows.next()) {
        for (std::size_t i = 0; i < rows.size(); ++i) out += "[" + std::string(rows[i]) + "]";
        out += ";";
    }
    return out;
}

}  // namespace

TEST_SUITE("gateway/terminology/records") {
    TEST_CASE("reads each format") {
        CHECK(cells_of(Format::comma,
                       "\xEF\xBB\xBF"
                       "a,\"b,\"\"c\"\"\",\r\n\n\"d\ne\",f") == "[a][b,\"c\"][];[d\ne][f];");
        CHECK(cells_of(Format::tab, "a\tb\"\t\n\tc\n") == "[a][b\"][];[][c];");
        CHECK(cells_of(Format::pipe, "1|a|b|\n") == "[1][a][b][];");
        CHECK(cells_of(Format::line, "a|b\tc\n") == "[a|b\tc];");
        CHECK(cells_of(Format::tab, "caf\xE9\tcaf\xC3\xA9\n") == "[café][café];");
        CHECK(cells_of(Format::comma, "") == "");
    }

    TEST_CASE("says where it fails") {
        const causeway::test::Folder folder;
        RecordReader open(folder.write("open.csv", "a,b\n1,\"2\n3"), Format::comma);
        REQUIRE(open.next());
        CHECK(open.column("B") == 1);
        CHECK_FALSE(open.column("c").has_value());
        std::string message;
        try {
            open.next();
        } catch (const std::runtime_error& error) {
            message = error.what();
        }
        CHECK(message.find("open.csv:2: a quote is not closed") != std::string::npos);
        CHECK_THROWS_AS(RecordReader(folder.path() / "nothing", Format::tab), std::runtime_error);
        CHECK_THROWS_AS(RecordReader(folder.path(), Format::tab), std::runtime_error);
    }
}
