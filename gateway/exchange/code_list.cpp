#include "gateway/exchange/code_list.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <vector>

namespace causeway::exchange {
namespace {

struct CodedField {
    std::string_view segment;
    std::uint16_t field;
};
constexpr std::array<CodedField, 4> coded_fields = {{{"OBR", 4}, {"OBX", 3}, {"OBX", 5}, {"DG1", 3}}};

bool is_coded(std::string_view value_type) {
    return value_type == "CE" || value_type == "CWE" || value_type == "CNE" || value_type == "CF";
}

}  // namespace

CodeList CodeList::parse(std::string_view text) {
    CodeList list;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
        line = line.substr(0, line.find_first_of(" \t\r"));
        if (line.empty() || line.front() == '#') continue;
        list.codes_.emplace(line);
    }
    return list;
}

std::shared_ptr<const CodeList> CodeList::load(const std::string& file, std::string& fault) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    if (stream) text << stream.rdbuf();
    if (!stream || !text) {
        fault = "\"" + file + "\" cannot be read";
        return nullptr;
    }
    auto list = std::make_shared<CodeList>(parse(text.view()));
    if (list->size() == 0)
        fault = "\"" + file + "\" holds no code";
    else if (list->size() > codes_max)
        fault = "\"" + file + "\" holds more than " + std::to_string(codes_max) + " codes";
    return fault.empty() ? list : nullptr;
}

bool CodeList::has(std::string_view system, std::string_view code) const {
    if (code.empty()) return false;
    return codes_.find(code) != codes_.end() ||
           codes_.find(std::string(system).append("|").append(code)) != codes_.end();
}

bool CodeList::named_in(const hl7v2::MessageView& message) const {
    std::string code, system;
    for (const auto segment : message) {
        for (const auto& coded : coded_fields) {
            if (segment.name() != coded.segment) continue;
            if (coded.segment == "OBX" && coded.field == 5 && !is_coded(segment.field(2).raw())) continue;
            const auto field = segment.field(coded.field);
            for (std::size_t i = 1; i <= field.repetition_count(); ++i) {
                const auto repetition = field.repetition(i);
                for (const std::size_t at : {1, 4}) {
                    code = repetition.component(at).value().text();
                    system = repetition.component(at + 2).value().text();
                    if (has(system, code)) return true;
                }
            }
        }
    }
    return false;
}

bool CodeList::named_in(fhir::Element resource) const {
    std::vector<fhir::Element> left = {resource};
    while (!left.empty()) {
        const auto element = left.back();
        left.pop_back();
        if (has(element["system"].text(), element["code"].text())) return true;
        for (const auto child : element.children()) left.push_back(child);
    }
    return false;
}

}  // namespace causeway::exchange
