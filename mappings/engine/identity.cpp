#include "mappings/engine/identity.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "mappings/engine/uuid.hpp"

namespace causeway::mappings {
namespace {

constexpr std::size_t key_bytes_max = 512;

/// All texts below an element, for values that have no shorter name.
void append_texts(fhir::Element element, bool& first, std::string& out) {
    if (element.has_value()) {
        if (!first) out += ' ';
        first = false;
        out += element.text();
    }
    for (const fhir::Element child : element.children()) append_texts(child, first, out);
}

void append_number(std::uint32_t number, std::string& out) {
    std::array<char, 12> digits;
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

}  // namespace

Identities::Identities(const Plan& plan, Composer& composer, std::string_view message_key, TextArena& arena)
    : plan_(plan), composer_(composer), message_key_(message_key), arena_(arena), seen_(composer.drafts().size()) {
    const std::size_t count = composer_.drafts().size();
    ranges_.resize(count);
    keys_.reserve(2 * count);
    adding_.reserve(16);
    found_.reserve(16);
    text_.reserve(key_bytes_max);
    for (std::uint32_t i = 0; i < count; ++i) find_keys(i);
}

std::string_view Identities::first_key(std::uint32_t draft) {
    if (draft >= ranges_.size()) return {};
    find_keys(draft);
    return ranges_[draft].count == 0 ? std::string_view() : keys_[ranges_[draft].first];
}

void Identities::append_text(fhir::Element element) {
    if (element.has_value()) {
        text_ += element.text();
    } else if (const auto* reference = composer_.pending().find(element.node())) {
        text_ += first_key(reference->resource);
    } else if (const auto value = element["value"]; value && !element["family"]) {
        text_.append(element["system"].text()).append("|").append(value.text());
    } else if (const auto coding = element["coding"].first(); coding && coding["code"]) {
        text_.append(coding["system"].text()).append("|").append(coding["code"].text());
    } else {
        bool first = true;
        append_texts(element, first, text_);
    }
}

void Identities::append_slice(const KeyPlan& key, fhir::Element element) {
    if (key.sliced) text_.append(element["type"]["coding"].first()["code"].text()).append("|");
}

/// What a key's path selects, on the stack of all finds at work: a key may need another resource's key.
class Identities::Found {
public:
    Found(Identities& of, const KeyPlan& key, std::uint32_t draft) : stack_(of.found_), begin_(stack_.size()) {
        of.composer_.reader().select(of.composer_.drafts()[draft].root, key.path, stack_);
        end_ = stack_.size();
    }
    ~Found() { stack_.resize(begin_); }
    Found(const Found&) = delete;
    Found& operator=(const Found&) = delete;

    /// Calls `see` for each element that says something, until it returns true.
    template <class See>
    bool any(const KeyPlan& key, See see) const {
        for (std::size_t i = begin_; i < end_; ++i) {
            const fhir::Element element = stack_[i];
            if (key.identifier && element["value"].text().empty()) continue;
            if (see(element)) return true;
        }
        return false;
    }

private:
    std::vector<fhir::Element>& stack_;
    std::size_t begin_, end_ = 0;
};

bool Identities::append_part(const KeyPlan& part, std::uint32_t draft) {
    const Draft& d = composer_.drafts()[draft];
    const std::size_t before = text_.size();
    switch (part.kind) {
        case KeyPlan::Kind::message:
            text_ += message_key_;
            break;
        case KeyPlan::Kind::ordinal:
            append_number(d.ordinal, text_);
            break;
        case KeyPlan::Kind::parent:
            text_ += d.parent == Draft::no_parent ? message_key_ : first_key(d.parent);
            break;
        case KeyPlan::Kind::mpi:
        case KeyPlan::Kind::path:
            Found(*this, part, draft).any(part, [&](fhir::Element element) {
                const std::size_t start = text_.size();
                append_slice(part, element);
                const std::size_t said = text_.size();
                append_text(element);
                if (text_.size() == said) {
                    text_.resize(start);
                    return false;
                }
                if (part.identifier && part.kind == KeyPlan::Kind::path) return true;
                text_ += ' ';
                return false;
            });
            return text_.size() != before;
        case KeyPlan::Kind::tuple:
            break;  // the language has no tuple in a tuple
    }
    text_ += ' ';
    return true;
}

std::size_t Identities::begin_key(std::uint32_t draft) {
    const std::size_t start = text_.size();
    text_.append(composer_.drafts()[draft].type).append("|");
    return start;
}

void Identities::add_key(const KeyPlan& key, std::size_t start) {
    // What is too long to be kept is still not what another is: its end is a digest of the whole.
    if (text_.size() - start > key_bytes_max) {
        const std::string digest = uuid_of(std::string_view(text_).substr(start));
        text_.resize(start + key_bytes_max - digest.size());
        text_ += digest;
    }
    std::string_view made = arena_.copy(std::string_view(text_).substr(start));
    // Two things of one parent that nothing tells apart are still two.
    if (key.names_parent) {
        if (const auto same = ++seen_.number(made, 0); same > 1) {
            text_ += '#';
            append_number(same, text_);
            made = arena_.copy(std::string_view(text_).substr(start));
        }
    }
    text_.resize(start);
    adding_.push_back(made);
}

void Identities::add_keys(const KeyPlan& key, std::uint32_t draft) {
    if (key.kind == KeyPlan::Kind::path || key.kind == KeyPlan::Kind::mpi) {
        Found(*this, key, draft).any(key, [&](fhir::Element element) {
            const std::size_t start = begin_key(draft);
            append_slice(key, element);
            const std::size_t said = text_.size();
            append_text(element);
            if (text_.size() != said)
                add_key(key, start);
            else
                text_.resize(start);
            return false;
        });
        return;
    }
    const std::size_t start = begin_key(draft);
    if (key.kind != KeyPlan::Kind::tuple) {
        append_part(key, draft);
        text_.pop_back();
        return add_key(key, start);
    }
    const std::size_t head = text_.size();
    bool said = false;
    for (const KeyPlan& part : key.parts) {
        if (text_.size() != head) text_ += '|';
        const bool there = append_part(part, draft);
        if (!there && !part.optional) return text_.resize(start);
        said |= (there && part.kind == KeyPlan::Kind::path) || part.kind == KeyPlan::Kind::ordinal;
    }
    if (said)
        add_key(key, start);
    else
        text_.resize(start);
}

void Identities::find_keys(std::uint32_t draft) {
    if (ranges_[draft].begun) return;
    ranges_[draft].begun = true;
    const std::size_t before = adding_.size();
    if (const auto* identity = composer_.identity_of(composer_.drafts()[draft].type))
        for (const auto& key : identity->keys) add_keys(key, draft);
    if (adding_.size() == before) {
        const std::size_t start = begin_key(draft);
        text_ += message_key_;
        const auto same = ++seen_.number(arena_.copy(std::string_view(text_).substr(start)), 0);
        text_ += '|';
        append_number(same, text_);
        adding_.push_back(arena_.copy(std::string_view(text_).substr(start)));
        text_.resize(start);
    }
    ranges_[draft].first = static_cast<std::uint32_t>(keys_.size());
    keys_.insert(keys_.end(), adding_.begin() + static_cast<std::ptrdiff_t>(before), adding_.end());
    ranges_[draft].count = static_cast<std::uint32_t>(keys_.size()) - ranges_[draft].first;
    adding_.resize(before);
}

}  // namespace causeway::mappings
