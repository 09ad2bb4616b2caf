// The functions a rule may call, one row per case: what goes in by component, what comes out, what comes back.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "mappings/functions/codec.hpp"

using namespace causeway::mappings;

namespace {

/// A value of which only some components are sent, in a segment of which only some fields are.
class Sent final : public CodecInput {
public:
    Sent(std::map<int, std::string> components, std::map<int, std::string> fields)
        : components_(std::move(components)), fields_(std::move(fields)) {}
    std::string component(int number, int) const override { return at(components_, number); }
    std::string field(int number, int) const override { return at(fields_, number); }

private:
    static std::string at(const std::map<int, std::string>& values, int number) {
        const auto found = values.find(number);
        return found == values.end() ? std::string() : found->second;
    }
    std::map<int, std::string> components_, fields_;
};

class Back final : public CodecOutput {
public:
    void component(int number, std::string_view text) override { parts[number] = text; }
    std::map<int, std::string> parts;
};

using Parts = std::map<int, std::string>;

struct Row {
    const char* codec;
    Parts components, fields;
    const char* fhir;  ///< empty: refused
    Parts back;        ///< empty: not tried
};

}  // namespace

TEST_SUITE("mappings/functions") {
    TEST_CASE("what is converted, what is refused, and what comes back") {
        const std::vector<Row> rows = {
            {"universal_id",
             {{2, "2.16.840.1"}, {3, "ISO"}},
             {},
             "urn:oid:2.16.840.1",
             {{2, "2.16.840.1"}, {3, "ISO"}}},
            {"range_low", {{1, "3.5-5.10"}}, {}, "3.5", {}},
            {"range_high", {{1, " 3.5 - 5.10 "}}, {}, "5.10", {}},
            {"range_low", {{1, "<5"}}, {}, "", {}},
            {"range_low", {{1, "5-3"}}, {}, "", {}},
            {"range_low", {{1, "9.5-10"}}, {}, "9.5", {}},
            {"range_low", {{1, "3.50-3.5"}}, {}, "3.50", {}},
            {"range_low", {{1, "3.51-3.5"}}, {}, "", {}},
            {"range_high", {{1, "3-5 mg/dL"}}, {}, "", {}},
            {"range_low", {{1, "1.-2"}}, {}, "", {}},
            {"range_low", {{1, "2024-01-05"}}, {}, "", {}},
            {"universal_id", {{2, "2.16..1"}, {3, "ISO"}}, {}, "", {}},
            {"universal_id", {{2, "2.016"}, {3, "ISO"}}, {}, "", {}},
            {"universal_id", {{2, "hospital"}, {3, "ISO"}}, {}, "", {}},
            {"universal_id",
             {{2, "1B4E28BA-2FA1-11D2-883F-0016D3CCA427"}, {3, "UUID"}},
             {},
             "urn:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427",
             {{2, "1b4e28ba-2fa1-11d2-883f-0016d3cca427"}, {3, "UUID"}}},
            {"universal_id", {{2, "1b4e28ba"}, {3, "UUID"}}, {}, "", {}},
            {"universal_id",
             {{2, "lab.example.org"}, {3, "DNS"}},
             {},
             "urn:dns:lab.example.org",
             {{2, "lab.example.org"}, {3, "DNS"}}},
            {"universal_id",
             {{2, "http://a.example/x"}, {3, "URI"}},
             {},
             "http://a.example/x",
             {{2, "http://a.example/x"}, {3, "URI"}}},
            {"universal_id", {{2, "1.2.3"}, {3, "HCD"}}, {}, "", {}},
            {"entity_authority", {{3, "1.2.3"}, {4, "ISO"}}, {}, "urn:oid:1.2.3", {{3, "1.2.3"}, {4, "ISO"}}},
            {"mime_type", {{2, "AP"}, {3, "PDF"}}, {}, "application/pdf", {{2, "application"}, {3, "pdf"}}},
            {"mime_type", {{2, "IM"}}, {}, "image/jpeg", {{2, "image"}, {3, "jpeg"}}},
            {"mime_type", {{2, "text"}, {3, "x-hl7-cda-level-one"}}, {}, "text/x-hl7-cda-level-one", {}},
            {"mime_type", {{2, "text/html"}}, {}, "text/html", {{2, "text"}, {3, "html"}}},
            {"mime_type", {{2, "doctor"}, {3, "PDF"}}, {}, "", {}},
            {"mime_type", {{2, "IM"}, {3, "a b"}}, {}, "", {}},
            {"pointer_type", {{3, "IM"}, {4, "PNG"}}, {}, "image/png", {{3, "image"}, {4, "png"}}},
            {"first_day", {{3, "1"}}, {}, "mon", {{2, "DW"}, {3, "1"}}},
            {"first_day", {{3, "7"}, {4, "1"}}, {}, "sun", {{2, "DW"}, {3, "7"}}},
            {"second_day", {{3, "7"}, {4, "1"}}, {}, "mon", {{2, "DW"}, {4, "1"}}},
            {"first_day", {{3, "1"}, {4, "5"}}, {}, "", {}},  // Monday to Friday is more than Monday and Friday
            {"second_day", {{3, "1"}}, {}, "", {}},
            {"tq_amount", {{1, "D14"}}, {}, "14", {}},
            {"tq_unit", {{1, "D14"}}, {}, "d", {}},
            {"tq_unit", {{1, "X3"}}, {}, "", {}},
            {"tq_amount", {{1, "D"}}, {}, "", {}},
            {"minutes", {{1, "2"}, {2, "H"}}, {}, "120", {{1, "120"}}},
            {"minutes", {{1, "2"}, {2, "furlong"}}, {}, "", {}},
            {"event_offset", {{9, "2"}, {10, "h"}}, {}, "120", {{9, "120"}}},
            {"offset_end", {{1, "90"}}, {{4, "202402282330-0600"}, {8, "MIN"}}, "20240229010000-0600", {}},
            {"offset_end", {{1, "90"}}, {{4, "20240228"}, {8, "MIN"}}, "", {}},
            {"general_end", {{1, "2"}}, {{8, "202312312300"}, {12, "H"}}, "20240101010000", {}},
            {"service_end", {{1, "3"}, {2, "d"}}, {{7, "20240227120000"}}, "20240301120000", {}},
            {"service_start", {{1, "3"}, {2, "d"}}, {{8, "20240301120000"}}, "20240227120000", {}},
            {"service_start", {{1, "10"}}, {{8, "202401010005"}}, "20231231235500", {}},
            {"service_start", {{1, "10"}}, {{8, "000101010005"}}, "", {}},
            {"procedure_end", {{1, "45"}}, {{5, "202403050930"}}, "20240305101500", {}},
            {"procedure_end", {{1, "-45"}}, {{5, "202403050930"}}, "", {}},
        };
        for (const auto& row : rows) {
            CAPTURE(row.codec);
            CAPTURE(row.fhir);
            const Codec* codec = find_codec(row.codec);
            REQUIRE((codec != nullptr));
            std::string out;
            const bool good = codec->forward(Sent(row.components, row.fields), out);
            CHECK(good == !std::string(row.fhir).empty());
            if (!good) continue;
            CHECK(out == row.fhir);
            if (row.back.empty()) continue;
            REQUIRE((codec->backward != nullptr));
            Back back;
            CHECK(codec->backward(out, back));
            CHECK(back.parts == row.back);
        }
    }
}
