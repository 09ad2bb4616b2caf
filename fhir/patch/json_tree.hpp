#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace causeway::fhir::patch {

struct JsonMember;

/// JSON as JSON Patch sees it: plain, with member order, scalars as they are written.
struct JsonTree {
    enum class Kind : unsigned char { scalar, object, array };
    Kind kind = Kind::scalar;
    std::string text;  ///< a scalar's JSON text; strings with their quotes
    std::vector<JsonMember> members;
    std::vector<JsonTree> items;

    JsonTree();
    JsonTree(const JsonTree&);
    JsonTree(JsonTree&&) noexcept;
    JsonTree& operator=(const JsonTree&);
    JsonTree& operator=(JsonTree&&) noexcept;
    ~JsonTree();

    JsonTree* member(std::string_view quoted_name);
    bool is_string() const { return kind == Kind::scalar && text.starts_with('"'); }
    void write(std::string& out) const;
    /// Drops arrays and objects without content, from the leaves up. True if this one is empty then.
    bool drop_empty();
};

struct JsonMember {
    std::string name;  ///< as JSON text with quotes
    JsonTree value;
};

/// RFC 6902, 4.6: numbers by value, members in any order.
bool same_value(const JsonTree& a, const JsonTree& b);

/// Takes apart what our own writer wrote, which is well-formed and writes equal strings equally.
JsonTree read_written_json(std::string_view json);

}  // namespace causeway::fhir::patch
