#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "tests/gateway/patient_index/registry_office.hpp"

using namespace causeway;
using hl7v2::operator""_v2;

namespace {

/// The answer to a message, taken apart.
struct Answer {
    hl7v2::Message message;
    std::string at(const hl7v2::Path& path) const { return message.view().at(path).text(); }
    std::string msa() const { return at("MSA-1"_v2); }
    std::string qak() const { return at("QAK-2"_v2); }
    std::size_t patients() const { return message.view().count("PID"); }
    /// The whole of ERR-2 of the first error.
    std::string error_place() const { return std::string(message.view().segment("ERR").field(2).raw()); }
    /// PID-3 of every answer, as it was sent.
    std::string identifiers() const {
        std::string out;
        for (const auto segment : message.view())
            if (segment.name() == "PID") out += std::string(segment.field(3).raw()) + "~";
        return out;
    }
    bool shows(std::string_view identifier) const { return identifiers().find(identifier) != std::string::npos; }
};

/// One case of the OpenHIE client registry suite, on an empty registry.
class Case {
public:
    explicit Case(std::string number) : number_(std::move(number)) {}

    Answer send(const std::string& step) {
        const auto file = folder() / ("OHIE-CR-" + number_ + "-" + step + ".txt");
        std::ifstream in(file, std::ios::binary);
        REQUIRE_MESSAGE(in, file.string());
        std::ostringstream text;
        text << in.rdbuf();
        INFO(file.filename().string());
        return reply(text.str());
    }
    /// A PIX query of our own.
    Answer ask(const std::string& qpd) {
        return reply("MSH|^~\\&|TEST_HARNESS_A|TEST|CR1|MOH_CAAT|20090223144546||QBP^Q23^QBP_Q21|ASKED|P|2.5\r" + qpd +
                     "\rRCP|I\r");
    }
    Answer reply(const std::string& message) {
        auto receipt = office_.accept(message);
        CAPTURE(receipt.note);
        REQUIRE(receipt.replies.size() == 1);
        auto parsed = hl7v2::Message::parse(receipt.replies[0]);
        REQUIRE(parsed.has_value());
        return {std::move(*parsed)};
    }
    void feed(std::initializer_list<std::string> steps) {
        for (const auto& step : steps) {
            CAPTURE(number_);
            CAPTURE(step);
            const auto answer = send(step);
            CHECK_MESSAGE(answer.msa() == "AA", answer.message.bytes());
        }
    }
    void refused(const std::string& step) {
        CAPTURE(number_);
        CAPTURE(step);
        const auto answer = send(step);
        CHECK_MESSAGE((answer.msa() == "AE" || answer.msa() == "AR"), answer.message.bytes());
        CHECK(answer.at("MSH-9.1"_v2) == "ACK");
        CHECK(answer.message.view().segment("ERR"));
    }
    Answer found(const std::string& step) {
        CAPTURE(number_);
        CAPTURE(step);
        auto answer = send(step);
        CHECK_MESSAGE(answer.msa() == "AA", answer.message.bytes());
        CHECK_MESSAGE(answer.qak() == "OK", answer.message.bytes());
        CHECK(answer.patients() >= 1);
        return answer;
    }
    void nothing(const std::string& step) {
        CAPTURE(number_);
        CAPTURE(step);
        const auto answer = send(step);
        CHECK(answer.msa() == "AA");
        CHECK_MESSAGE(answer.qak() == "NF", answer.message.bytes());
        CHECK(answer.patients() == 0);
    }
    void fault(const std::string& step, std::string_view place) {
        CAPTURE(number_);
        CAPTURE(step);
        const auto answer = send(step);
        CHECK(answer.msa() == "AE");
        CHECK(answer.qak() == "AE");
        CHECK(answer.error_place() == place);
    }

    static std::filesystem::path folder() {
        const char* data = std::getenv("CAUSEWAY_TEST_DATA");
        return data ? std::filesystem::path(data) / "patient-index" / "ohie-client-registry" : std::filesystem::path();
    }

private:
    std::string number_;
    tests::RegistryOffice office_;
};

}  // namespace

TEST_SUITE("gateway/patient_index/openhie") {
    TEST_CASE("feeds are held to configured authorities, and answers name them in full") {
        if (Case::folder().empty()) return;
        Case("01").refused("10");
        {
            Case c("02");
            c.feed({"10", "30"});
            CHECK(c.found("20").shows("RJ-438^^^TEST&2.16.840.1.113883.3.72.5.9.1&ISO"));
            CHECK(c.found("40").shows("RJ-439^^^TEST&2.16.840.1.113883.3.72.5.9.1&ISO"));
        }
        {
            Case c("03");
            c.refused("10");
            c.refused("20");
        }
        {
            Case c("04");
            c.feed({"20"});
            c.refused("30");
        }
    }
    TEST_CASE("minimal records, national numbers, infants, and what was fed comes back") {
        if (Case::folder().empty()) return;
        {
            Case c("05");
            c.feed({"10", "20"});
            CHECK(c.found("30").shows("RJ-441"));
        }
        {
            Case c("06");
            c.feed({"20", "30"});
            const auto answer = c.found("40");
            for (const auto* each : {"NID-000345435^^^NID&", "RJ-449^^^TEST_A&", "^^^CAUSEWAY&"})
                CHECK(answer.shows(each));
        }
        {
            Case c("07");
            c.feed({"10", "20"});
            CHECK(c.found("30").shows("RJ-440"));
            const auto answer = c.found("40");
            CHECK(answer.at("PID-21.1"_v2) == "RJ-439");
            CHECK(answer.at("PID-6.1"_v2) == "JONES");
            CHECK(answer.at("PID-6.2"_v2) == "JENNIFER");
        }
        {
            Case c("08");
            c.feed({"10"});
            const auto answer = c.found("30");
            CHECK(answer.at("PID-5.1"_v2) == "FOSTER");
            CHECK(answer.at("PID-5.3"_v2) == "FULL");
            CHECK(answer.at("PID-6.1"_v2) == "FOSTER");
            CHECK(answer.at("PID-7"_v2) == "1970");
            CHECK(answer.at("PID-8"_v2) == "F");
            CHECK(answer.at("PID-11.3"_v2) == "FRESNO");
            CHECK(answer.at("PID-15"_v2) == "EN");
            CHECK(answer.at("PID-16"_v2) == "S");
            CHECK(answer.message.view().segment("PID").field(13).valued());
            CHECK(answer.message.view().segment("PID").field(14).valued());
        }
        {
            Case c("18");
            c.feed({"20", "30"});
            CHECK(c.send("40").msa() != "AA");  // a line that is broken in MSH-10
            const auto answer = c.ask("QPD|IHE PIX Query|T|NID-000345439^^^NID");
            for (const auto* each : {"NID-000345439^^^NID&", "RJ-460^^^TEST_A&", "RB-469^^^TEST_B&", "^^^CAUSEWAY&"})
                CHECK_MESSAGE(answer.shows(each), answer.message.bytes());
        }
    }
    TEST_CASE("PIX queries") {
        if (Case::folder().empty()) return;
        {
            Case c("09");
            c.fault("10", "QPD^1^3^1^1");
            c.fault("20", "QPD^1^3^1^4");
            c.feed({"30"});
            CHECK(c.found("40").shows("RJ-443^^^TEST&2.16.840.1.113883.3.72.5.9.1&ISO"));
        }
        {
            Case c("10");
            c.feed({"10"});
            const auto answer = c.found("20");
            CHECK(answer.shows("RJ-444^^^TEST&"));
            CHECK(!answer.shows("CAUSEWAY"));
            c.fault("30", "QPD^1^4^1");
            c.nothing("40");
        }
    }
    TEST_CASE("PDQ queries") {
        if (Case::folder().empty()) return;
        {
            Case c("11");
            c.feed({"10"});
            CHECK(c.found("20").shows("RJ-439"));
            c.nothing("30");
            c.fault("40", "QPD^1^3^2");
            CHECK(!c.found("50").shows("CAUSEWAY"));
            c.nothing("60");
            c.fault("70", "QPD^1^8^1");
        }
        {
            Case c("12");
            c.feed({"10"});
            for (const auto* step : {"20", "40", "50"}) CHECK(c.found(step).at("QRI-1"_v2) == "1.00");
            c.nothing("30");
            c.fault("45", "QPD^1^8^1");
            for (const auto* step : {"60", "70"}) CHECK(c.found(step).at("QRI-1"_v2) != "1.00");
        }
        {
            Case c("13");
            c.feed({"10", "15"});
            const auto answer = c.found("20");
            CHECK(answer.shows("RJ-440"));
            CHECK(answer.patients() == 1);
            CHECK(c.found("30").shows("RJ-440"));
        }
        {
            Case c("14");
            c.feed({"10"});
            for (const auto* step : {"20", "30", "40"}) c.found(step);
            c.nothing("50");
        }
        {
            Case c("15");
            c.feed({"10"});
            for (const auto* step : {"20", "30", "40"}) c.found(step);
            for (const auto* step : {"50", "60"}) c.nothing(step);
        }
    }
    TEST_CASE("merges") {
        if (Case::folder().empty()) return;
        {
            Case c("16");
            c.feed({"10", "15"});
            CHECK(c.found("20").patients() == 2);
            c.feed({"30"});
            CHECK(c.found("40").shows("RJ-439"));
            CHECK(c.found("50").shows("RJ-439"));
            CHECK(c.found("60").patients() == 1);
        }
        {
            Case c("17");
            c.feed({"15", "20", "25"});
            for (const auto* step : {"30", "40", "50"}) c.refused(step);
        }
    }
}
