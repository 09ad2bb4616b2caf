#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/arena.hpp"
#include "fhir/model/limits.hpp"
#include "fhir/result.hpp"

namespace causeway::fhir::json {

/// Builds the tree from a reader's events and merges `x` with `_x` as they come, in either order.
/// An event returns false to stop the reader; fault() then says why.
class TreeHandler {
public:
    /// Of a text of `bytes` bytes that begins at `begin`.
    TreeHandler(Arena& arena, const char* begin, std::size_t bytes, const Limits& limits)
        : arena_(arena), begin_(begin), limits_(limits), elements_max_(limits.elements_of(bytes)) {
        frames_.reserve(16);
    }

    bool Null() { return scalar(Kind::null, {}); }
    bool Bool(bool value) {
        return scalar(Kind::boolean, value ? std::string_view("true") : std::string_view("false"));
    }
    bool RawNumber(const char* text, std::size_t size, bool) { return scalar(Kind::number, {text, size}); }
    bool String(const char* text, std::size_t size, bool) { return scalar(Kind::string, {text, size}); }
    bool StartObject() { return open(Kind::object); }
    bool EndObject(std::size_t) { return close(); }
    bool StartArray() { return open(Kind::array); }
    bool EndArray(std::size_t) { return close(); }
    bool Key(const char* text, std::size_t size, bool);
    // Numbers come as text (kParseNumbersAsStringsFlag); the reader still wants these names.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }

    const Node* root() const noexcept { return root_; }
    Errc fault() const noexcept { return fault_; }
    const std::string& fault_message() const noexcept { return fault_message_; }
    std::size_t fault_offset() const noexcept { return fault_offset_; }
    /// Where the reader stands: the path of the value it was reading.
    std::string path() const;

private:
    struct Frame {
        Node* container;
        Node* cursor = nullptr;        ///< in an array: the next item already there, made by the other half of x and _x
        Node* target = nullptr;        ///< in an object: the member whose value comes next
        std::uint64_t names_seen = 0;  ///< a small Bloom filter over the members' names
        bool is_array = false;
        bool companion = false;         ///< the array of `_x`
        bool target_companion = false;  ///< the value that comes next is that of `_x`
    };

    bool scalar(Kind kind, std::string_view text);
    bool open(Kind kind);
    bool close() {
        frames_.pop_back();
        return true;
    }
    /// The node that the value takes, made if need be; null after a fault.
    Node* place(bool& companion);
    Node* add_child(Node* parent, const char* name, std::size_t name_size);
    bool fail(Errc code, std::string message);
    std::uint32_t offset_of(const char* text) const noexcept { return static_cast<std::uint32_t>(text - begin_); }

    Arena& arena_;
    const char* begin_;
    const Limits& limits_;
    const std::uint32_t elements_max_;
    std::vector<Frame> frames_;
    Node* root_ = nullptr;
    std::uint32_t elements_ = 0;
    const char* last_ = nullptr;  ///< a byte of the latest name or text, for the place of a fault
    Errc fault_ = Errc::syntax;
    std::string fault_message_;
    std::size_t fault_offset_ = 0;
};

}  // namespace causeway::fhir::json
