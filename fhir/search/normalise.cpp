#include "fhir/search/normalise.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "fhir/search/fold.hpp"

namespace causeway::fhir::search {
namespace {

constexpr char32_t bad = 0xFFFFFFFF;

/// One code point from `text` at `at`, which moves on; `bad` for a byte that starts none (at moves by one).
char32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(at);
    std::size_t more = 0;
    char32_t code = 0;
    if (lead >= 0xC2 && lead <= 0xDF) {
        more = 1;
        code = lead & 0x1F;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        more = 2;
        code = lead & 0x0F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        more = 3;
        code = lead & 0x07;
    } else {
        ++at;
        return bad;
    }
    if (text.size() - at <= more) {
        ++at;
        return bad;
    }
    for (std::size_t i = 1; i <= more; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) {
            ++at;
            return bad;
        }
        code = (code << 6) | (byte(at + i) & 0x3F);
    }
    at += more + 1;
    return code;
}

void append_utf8(char32_t code, std::string& out) {
    const auto put = [&](char32_t bits) { out.push_back(static_cast<char>(static_cast<unsigned char>(bits))); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | (code >> 6));
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3F));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

/// A Hangul syllable to its jamo (The Unicode Standard, 3.12).
void append_hangul(char32_t code, std::string& out) {
    const char32_t index = code - 0xAC00;
    append_utf8(0x1100 + index / 588, out);
    append_utf8(0x1161 + (index % 588) / 28, out);
    if (index % 28 != 0) append_utf8(0x11A7 + index % 28, out);
}

constexpr auto ascii = [] {
    std::array<char, 128> table{};
    for (std::size_t i = 0; i < 128; ++i) {
        const char c = static_cast<char>(i);
        const bool upper = c >= 'A' && c <= 'Z';
        const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '<' || c == '=' ||
                          c == '>' || c == '|' || c == '$' || c == '~';
        table[i] = upper ? static_cast<char>(c + 32) : kept ? c : ' ';
    }
    return table;
}();

/// Appends pieces, one blank between what punctuation and white space separate, none at the ends.
class Collapser {
public:
    explicit Collapser(std::string& out) : out_(out), start_(out.size()) {}
    void blank() { pending_ = out_.size() > start_; }
    std::string& put() {
        if (pending_) out_.push_back(' ');
        pending_ = false;
        return out_;
    }

private:
    std::string& out_;
    std::size_t start_;
    bool pending_ = false;
};

}  // namespace

void normalise_into(std::string_view utf8, std::string& out) {
    Collapser collapser(out);
    for (std::size_t at = 0; at < utf8.size();) {
        const auto byte = static_cast<unsigned char>(utf8[at]);
        if (byte < 0x80) {
            const char c = ascii[byte];
            if (c == ' ') {
                collapser.blank();
            } else {
                collapser.put().push_back(c);
            }
            ++at;
            continue;
        }
        const char32_t code = next_code_point(utf8, at);
        if (code == bad) continue;
        if (code >= 0xAC00 && code < 0xD7A4) {
            append_hangul(code, collapser.put());
            continue;
        }
        const Fold* const end = folds + fold_count;
        const Fold* const found =
            std::lower_bound(folds, end, code, [](const Fold& fold, char32_t wanted) { return fold.code < wanted; });
        if (found == end || found->code != code) {
            append_utf8(code, collapser.put());
        } else if (found->size == 1 && fold_pool[found->offset] == ' ') {
            collapser.blank();
        } else if (found->size > 0) {
            collapser.put().append(fold_pool + found->offset, found->size);
        }
    }
}

std::string normalise(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size());
    normalise_into(utf8, out);
    return out;
}

std::string fold_token(std::string_view code) {
    std::string out(code);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return out;
}

std::string normalise_contact(std::string_view value) {
    std::string digits;
    bool phone = false;
    for (const char c : value) {
        if (c >= '0' && c <= '9') {
            digits.push_back(c);
            phone = true;
        } else if (c == '+' && digits.empty()) {
            digits.push_back(c);
        } else if (c != ' ' && c != '-' && c != '.' && c != '(' && c != ')' && c != '/') {
            return fold_token(value);
        }
    }
    return phone ? digits : fold_token(value);
}

}  // namespace causeway::fhir::search
