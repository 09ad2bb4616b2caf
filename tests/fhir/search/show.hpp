#pragma once
#include <sstream>
#include <string>
#include <string_view>

#include "fhir/path/temporal.hpp"
#include "fhir/search/extract.hpp"
#include "fhir/search/parameters.hpp"

namespace causeway::test {

/// Search values as text, one line's worth, for comparison in tests.
struct ShowValue {
    std::ostringstream& out;

    static std::string moment(std::int64_t us) {
        auto text = fhir::path::Temporal::from_microseconds(us, fhir::path::Precision::second).date_time_text();
        return text.substr(0, 19);
    }
    void operator()(const fhir::search::PresenceValue&) const { out << "present"; }
    void operator()(const fhir::search::TokenValue& v) const {
        out << "token " << v.system << '|' << v.code << '|' << v.text;
    }
    void operator()(const fhir::search::TypedIdentifierValue& v) const {
        out << "typed " << v.type_system << '|' << v.type_code << '|' << v.value;
    }
    void operator()(const fhir::search::StringValue& v) const { out << "string " << v.normalised << '=' << v.original; }
    void operator()(const fhir::search::DateValue& v) const {
        const auto& r = v.range;
        out << "date " << (r.low_us == r.open_low ? "open" : moment(r.low_us)) << ".."
            << (r.high_us == r.open_high ? "open" : moment(r.high_us));
    }
    void range(const fhir::search::NumberRange& r) const {
        out.precision(12);
        out << '[' << r.low << ',' << r.high << ']';
    }
    void operator()(const fhir::search::NumberValue& v) const {
        out << "number ";
        range(v.range);
    }
    void operator()(const fhir::search::QuantityValue& v) const {
        out << "quantity ";
        range(v.written);
        out << ' ' << v.system << '|' << v.code << '|' << v.unit;
        if (v.canonical_unit.empty()) return;
        out << " = ";
        range(v.canonical);
        out << ' ' << v.canonical_unit;
    }
    void operator()(const fhir::search::ReferenceValue& v) const {
        out << "reference " << v.type << '/' << v.id << '|' << v.url << '|' << v.version;
        if (!v.fragment.empty()) out << '#' << v.fragment;
    }
    void operator()(const fhir::search::ReferenceIdentifierValue& v) const {
        out << "identifier " << v.system << '|' << v.value;
    }
    void operator()(const fhir::search::UriValue& v) const { out << "uri " << v.value; }
    void operator()(const fhir::search::PositionValue& v) const {
        out << "position " << v.latitude << '/' << v.longitude;
    }
    void operator()(const fhir::search::CompositeValue& v) const {
        const char* separator = "(";
        for (const auto& part : v.span()) {
            out << separator;
            std::visit(*this, part.value);
            separator = " , ";
        }
        out << ')';
    }
};

inline std::string show_values(const fhir::search::SearchValues& values, std::string_view type, std::string_view code) {
    const auto* parameter = fhir::search::find_parameter(type, code);
    if (!parameter) return "no such parameter";
    std::ostringstream out;
    for (const auto& value : values) {
        if (value.parameter != parameter->id) continue;
        if (out.tellp() > 0) out << " ; ";
        std::visit(ShowValue{out}, value.value);
    }
    return out.str();
}

}  // namespace causeway::test
