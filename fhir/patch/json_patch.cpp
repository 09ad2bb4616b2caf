#include <algorithm>
#include <optional>

#include "fhir/json/json.hpp"
#include "fhir/patch/json_tree.hpp"
#include "fhir/patch/patch.hpp"

namespace causeway::fhir {
namespace {

using patch::JsonTree;

/// A JSON Pointer (RFC 6901) taken apart: names with `~1` and `~0` undone.
std::optional<std::vector<std::string>> read_pointer(std::string_view text) {
    std::vector<std::string> tokens;
    if (text.empty()) return tokens;
    if (text.front() != '/') return std::nullopt;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '/') {
            tokens.emplace_back();
        } else if (text[at] == '~') {
            ++at;
            if (at == text.size() || (text[at] != '0' && text[at] != '1')) return std::nullopt;
            tokens.back() += text[at] == '0' ? '~' : '/';
        } else {
            tokens.back() += text[at];
        }
    }
    return tokens;
}

std::string quoted(std::string_view name) {
    std::string out;
    append_json_string(name, out);
    return out;
}

/// An array index without leading zeros.
std::optional<std::size_t> index_of(std::string_view token) {
    if (token.empty() || token.size() > 9 || (token.size() > 1 && token.front() == '0')) return std::nullopt;
    std::size_t value = 0;
    for (const char c : token) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<std::size_t>(c - '0');
    }
    return value;
}

class JsonPatch {
public:
    explicit JsonPatch(JsonTree root) : root_(std::move(root)) {}

    /// False with `error` set.
    bool apply(Element operation, std::size_t number) {
        number_ = number;
        const Element op = operation["op"];
        const Element path = operation["path"];
        if (!operation.is_object() || op.kind() != Kind::string || path.kind() != Kind::string)
            return broken("an operation is an object with op and path");
        const auto target = read_pointer(path.text());
        if (!target) return broken("the path is no JSON Pointer");
        place_ = path.text();
        const std::string_view name = op.text();
        if (name == "remove") return remove(*target);
        if (name == "move" || name == "copy") return transfer(operation["from"], *target, name == "move");
        if (name != "add" && name != "replace" && name != "test")
            return broken("operations are add, remove, replace, move, copy and test");
        if (!operation["value"]) return broken("the operation wants a value");
        JsonTree value = patch::read_written_json(to_json(operation["value"]));
        if (name == "add") return add(*target, std::move(value));
        JsonTree* const found = find(*target, target->size());
        if (!found) return impossible("there is nothing at the path");
        if (name == "replace") {
            *found = std::move(value);
            return true;
        }
        return same_value(*found, value) || impossible("the test fails: another value stands there");
    }

    JsonTree& root() { return root_; }
    const Error& error() const { return error_; }

private:
    bool stop(Errc code, std::string message) {
        error_ = Error{code,
                       "patch operation " + std::to_string(number_) + ": " + std::move(message),
                       "[" + std::to_string(number_) + "]" + place_,
                       0,
                       0,
                       0};
        return false;
    }
    bool broken(std::string message) { return stop(Errc::wrong_shape, std::move(message)); }
    bool impossible(std::string message) { return stop(Errc::evaluation, std::move(message)); }

    /// Follows the first `count` tokens; null where there is nothing.
    JsonTree* find(const std::vector<std::string>& tokens, std::size_t count) {
        JsonTree* at = &root_;
        for (std::size_t i = 0; i < count && at; ++i) {
            if (at->kind == JsonTree::Kind::object) {
                at = at->member(quoted(tokens[i]));
            } else {
                const auto index = index_of(tokens[i]);
                at = at->kind == JsonTree::Kind::array && index && *index < at->items.size() ? &at->items[*index]
                                                                                             : nullptr;
            }
        }
        return at;
    }

    bool add(const std::vector<std::string>& target, JsonTree value) {
        if (target.empty()) {
            root_ = std::move(value);
            return true;
        }
        JsonTree* const container = find(target, target.size() - 1);
        if (!container || container->kind == JsonTree::Kind::scalar)
            return impossible("there is no object or array to add to");
        if (container->kind == JsonTree::Kind::object) {
            const std::string name = quoted(target.back());
            if (JsonTree* const existing = container->member(name)) {
                *existing = std::move(value);
            } else {
                container->members.push_back({name, std::move(value)});
            }
            return true;
        }
        const auto index = target.back() == "-" ? std::optional(container->items.size()) : index_of(target.back());
        if (!index || *index > container->items.size()) return impossible("the index is beyond the end of the array");
        container->items.insert(container->items.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
        return true;
    }

    bool remove(const std::vector<std::string>& target) {
        if (target.empty()) return impossible("the whole document cannot be removed");
        if (!find(target, target.size())) return impossible("there is nothing at the path");
        JsonTree& container = *find(target, target.size() - 1);
        if (container.kind == JsonTree::Kind::object) {
            const std::string name = quoted(target.back());
            std::erase_if(container.members, [&](const patch::JsonMember& member) { return member.name == name; });
        } else {
            container.items.erase(container.items.begin() + static_cast<std::ptrdiff_t>(*index_of(target.back())));
        }
        return true;
    }

    bool transfer(Element from, const std::vector<std::string>& target, bool move) {
        const auto source = from.kind() == Kind::string ? read_pointer(from.text()) : std::nullopt;
        if (!source) return broken("move and copy want a JSON Pointer in from");
        JsonTree* const found = find(*source, source->size());
        if (!found) return impossible("there is nothing at from");
        const bool inside =
            move && source->size() < target.size() && std::equal(source->begin(), source->end(), target.begin());
        if (inside) return impossible("a value cannot be moved into itself");
        if (*source == target) return true;
        JsonTree value = *found;
        return (!move || remove(*source)) && add(target, std::move(value));
    }

    JsonTree root_;
    std::size_t number_ = 0;
    std::string place_;
    Error error_{};
};

}  // namespace

Result<DocumentPtr> apply_json_patch(const DocumentPtr& document, const DocumentPtr& patch) {
    constexpr std::size_t operations_max = 10'000;
    constexpr std::size_t bytes_max = std::size_t{64} << 20;
    if (!patch->root().is_array())
        return Error{Errc::wrong_shape, "a JSON Patch is an array of operations", {}, 0, 0, 0};
    if (patch->root().size() > operations_max)
        return Error{Errc::too_large, "more patch operations than the limit", {}, 0, 0, 0};
    JsonPatch state(patch::read_written_json(to_json(document->root())));
    std::size_t number = 0;
    std::size_t copied = 0;
    for (const Element operation : patch->root().items()) {
        // a copy can double the document: what all copies could have made is bounded
        if (operation["op"].text() == "copy") {
            std::string size;
            state.root().write(size);
            copied += size.size();
            if (copied > bytes_max) return Error{Errc::too_large, "the patch copies more than the limit", {}, 0, 0, 0};
        }
        if (!state.apply(operation, number++)) return state.error();
    }
    if (!document->resource_type().empty()) state.root().drop_empty();
    std::string text;
    state.root().write(text);
    auto parsed = parse_json(std::move(text));
    if (parsed.has_error())
        return Error{Errc::evaluation,
                     "the patched document is no FHIR JSON: " + parsed.error().message,
                     parsed.error().path,
                     0,
                     0,
                     0};
    return *parsed;
}

}  // namespace causeway::fhir
