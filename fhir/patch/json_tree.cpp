#include "fhir/patch/json_tree.hpp"

#include <algorithm>

#include "fhir/path/decimal.hpp"

namespace causeway::fhir::patch {
namespace {

/// Recursive; the depth is that of a parsed document, which is limited.
class Reader {
public:
    explicit Reader(std::string_view json) : json_(json) {}

    JsonTree value() {
        JsonTree out;
        if (at_ < json_.size() && (json_[at_] == '{' || json_[at_] == '[')) {
            const bool object = json_[at_++] == '{';
            out.kind = object ? JsonTree::Kind::object : JsonTree::Kind::array;
            while (at_ < json_.size() && json_[at_] != '}' && json_[at_] != ']') {
                if (json_[at_] == ',') ++at_;
                if (object) {
                    std::string name = scalar();
                    ++at_;  // the colon
                    out.members.push_back({std::move(name), value()});
                } else {
                    out.items.push_back(value());
                }
            }
            ++at_;
            return out;
        }
        out.text = scalar();
        return out;
    }

private:
    std::string scalar() {
        const std::size_t start = at_;
        if (at_ < json_.size() && json_[at_] == '"') {
            for (++at_; at_ < json_.size() && json_[at_] != '"'; ++at_) {
                if (json_[at_] == '\\') ++at_;
            }
            ++at_;
        } else {
            at_ = std::min(json_.find_first_of(",]}", at_), json_.size());
        }
        return std::string(json_.substr(start, at_ - start));
    }

    std::string_view json_;
    std::size_t at_ = 0;
};

}  // namespace

JsonTree::JsonTree() = default;
JsonTree::JsonTree(const JsonTree&) = default;
JsonTree::JsonTree(JsonTree&&) noexcept = default;
JsonTree& JsonTree::operator=(const JsonTree&) = default;
JsonTree& JsonTree::operator=(JsonTree&&) noexcept = default;
JsonTree::~JsonTree() = default;

JsonTree* JsonTree::member(std::string_view quoted_name) {
    for (auto& [name, value] : members) {
        if (name == quoted_name) return &value;
    }
    return nullptr;
}

void JsonTree::write(std::string& out) const {
    if (kind == Kind::scalar) {
        out += text;
        return;
    }
    char separator = kind == Kind::object ? '{' : '[';
    for (const auto& [name, value] : members) {
        out += separator;
        out += name;
        out += ':';
        value.write(out);
        separator = ',';
    }
    for (const JsonTree& item : items) {
        out += separator;
        item.write(out);
        separator = ',';
    }
    if (separator != ',') out += separator;
    out += kind == Kind::object ? '}' : ']';
}

bool JsonTree::drop_empty() {
    if (kind == Kind::scalar) return false;
    std::erase_if(members, [](JsonMember& one) { return one.value.drop_empty(); });
    std::erase_if(items, [](JsonTree& item) { return item.drop_empty(); });
    return members.empty() && items.empty();
}

bool same_value(const JsonTree& a, const JsonTree& b) {
    if (a.kind != b.kind) return false;
    if (a.kind == JsonTree::Kind::scalar) {
        if (a.text == b.text) return true;
        if (a.is_string() || b.is_string()) return false;
        const auto x = path::Decimal::parse(a.text);
        const auto y = path::Decimal::parse(b.text);
        return x && y && *x == *y;
    }
    if (a.items.size() != b.items.size() || a.members.size() != b.members.size()) return false;
    for (std::size_t i = 0; i < a.items.size(); ++i) {
        if (!same_value(a.items[i], b.items[i])) return false;
    }
    return std::all_of(a.members.begin(), a.members.end(), [&](const JsonMember& one) {
        const auto other = std::find_if(b.members.begin(), b.members.end(),
                                        [&](const JsonMember& candidate) { return candidate.name == one.name; });
        return other != b.members.end() && same_value(one.value, other->value);
    });
}

JsonTree read_written_json(std::string_view json) { return Reader(json).value(); }

}  // namespace causeway::fhir::patch
