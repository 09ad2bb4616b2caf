#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/xml/xml.hpp"
#include "tests/fhir/conformance/count.hpp"

namespace causeway::test {

namespace {

using fhir::MutableElement;
using fhir::r4::ElementDef;
using fhir::r4::Primitive;
using fhir::r4::TypeDef;
using fhir::r4::TypeKind;

/// Makes an instance of a type that has every element of it, to a depth, in the order of the tables: each choice with
/// another of its types per instance, lists with two items, primitives with id and extension here and there.
class Instances {
public:
    explicit Instances(std::size_t turn) : turn_(turn) {}

    void resource(MutableElement out, const TypeDef& type, unsigned depth) {
        out.as_object();
        out.member("resourceType").set_string(type.name);
        elements(out, type, depth);
    }

private:
    static constexpr unsigned depth_max = 4;

    void elements(MutableElement out, const TypeDef& type, unsigned depth) {
        for (const ElementDef& element : type.elements) {
            const std::size_t choice = turn_ % element.types.size();
            const TypeDef& chosen = *element.types[choice];
            // a tree of items must end somewhere, and so must extensions
            const bool deep = depth >= depth_max || element.is_content_reference || chosen.name == "Extension";
            if (deep && (element.min == 0 || depth > depth_max + 3) && chosen.primitive == Primitive::none) continue;
            if (chosen.kind == TypeKind::resource && depth > 1) continue;
            const auto name = element.json_names[choice];
            if (element.max == 1) {
                single(out.member(name), chosen, depth, !element.is_attribute);
            } else {
                single(out.append(name), chosen, depth, true);
                if (depth < 3) single(out.append(name), chosen, depth, true);
            }
        }
    }

    void single(MutableElement out, const TypeDef& type, unsigned depth, bool may_extend) {
        ++count_;
        if (type.kind == TypeKind::resource) {
            const TypeDef& inner = *fhir::r4::find_type(count_ % 2 == 0 ? "Patient" : "Basic");
            return resource(out, inner, depth + 2);
        }
        if (type.kind != TypeKind::primitive) {
            out.as_object();
            return elements(out, type, depth + 1);
        }
        value(out, type.primitive);
        if (!may_extend || type.primitive == Primitive::xhtml) return;
        if (count_ % 7 == 0) out.member("id").set_string("i" + std::to_string(count_));
        if (count_ % 11 == 0) {
            auto extension = out.append("extension");
            extension.as_object();
            extension.member("url").set_string("http://example.org/x");
            extension.member("valueDecimal").set_number("1.50");
        }
    }

    void value(MutableElement out, Primitive primitive) {
        switch (primitive) {
            case Primitive::boolean:
                return void(out.set_boolean(count_ % 2 == 0));
            case Primitive::decimal:
                return void(out.set_number(count_ % 2 == 0 ? "-0.10e3" : "120.00"));
            case Primitive::integer:
            case Primitive::unsigned_int:
            case Primitive::positive_int:
                return void(out.set_number("7"));
            case Primitive::xhtml:
                return void(out.set_string(
                    "<div xmlns=\"http://www.w3.org/1999/xhtml\">  a <b>b</b>\n <i>c &amp; d</i>&#160;</div>"));
            case Primitive::date:
                return void(out.set_string("2024-02"));
            case Primitive::date_time:
                return void(out.set_string("2024-02-29T10:00:00.50+01:00"));
            case Primitive::instant:
                return void(out.set_string("2024-02-29T10:00:00.123456Z"));
            case Primitive::time:
                return void(out.set_string("10:00:00"));
            case Primitive::base64_binary:
                return void(out.set_string("AAEC"));
            case Primitive::string:
            case Primitive::markdown:
                return void(out.set_string("é <b> & \"q\" 'a'\n\tline\r\n \xF0\x9F\x98\x80"));
            default:
                return void(out.set_string("urn:x:1"));
        }
    }

    std::size_t turn_;
    std::size_t count_ = 0;
};

}  // namespace

std::vector<Count> count_instances() {
    Count count{"each of the 146 types in full: JSON to XML to JSON: same bytes"};
    for (const auto name : fhir::r4::resource_types()) {
        std::string failure;
        for (std::size_t turn = 0; turn < 8 && failure.empty(); ++turn) {
            fhir::DocumentBuilder builder;
            Instances(turn).resource(builder.root(), *fhir::r4::find_type(name), 0);
            const std::string json = fhir::to_json(std::move(builder).finish()->root());
            const auto document = fhir::parse_json(json);
            if (!document) {
                failure = document.error().message;
                continue;
            }
            if (fhir::to_json((*document)->root()) != json) failure = "JSON is not stable";
            for (const bool pretty : {false, true}) {
                const auto xml = fhir::to_xml((*document)->root(), {.pretty = pretty});
                const auto back = xml ? fhir::parse_xml(*xml) : fhir::Result<fhir::DocumentPtr>(xml.error());
                if (!back)
                    failure = back.error().path + " " + back.error().message;
                else if (fhir::to_json((*back)->root()) != json)
                    failure = "changed on its way through XML";
            }
        }
        count.add(failure.empty(), std::string(name) + ": " + failure);
    }
    return {count};
}

}  // namespace causeway::test
