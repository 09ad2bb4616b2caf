#include "gateway/patient_index/match/metaphone.hpp"

#include <algorithm>
#include <initializer_list>

namespace causeway::patient_index::match {
namespace {

constexpr std::size_t sounds_max = 4;

class Reading {
public:
    explicit Reading(std::string_view name) {
        for (const char c : name)
            if (c >= 'A' && c <= 'Z') word_.push_back(c);
        size_ = static_cast<int>(word_.size());
        slavic_ = word_.find_first_of("WK") != std::string::npos || word_.find("CZ") != std::string::npos;
        germanic_ = at(0, {"SCH"});
    }

    Sound run() {
        if (at(0, {"GN", "KN", "PN", "WR", "PS"})) here_ = 1;
        if (letter(0) == 'X') say("S", 1);
        while (here_ < size_ && (out_.first.size() < sounds_max || out_.second.size() < sounds_max)) step();
        out_.first.resize(std::min(out_.first.size(), sounds_max));
        out_.second.resize(std::min(out_.second.size(), sounds_max));
        return std::move(out_);
    }

private:
    char letter(int place) const { return place >= 0 && place < size_ ? word_[static_cast<std::size_t>(place)] : ' '; }
    bool one_of(int place, std::string_view letters) const { return letters.find(letter(place)) != letters.npos; }
    bool vowel(int place) const { return one_of(place, "AEIOUY"); }
    bool at(int place, std::initializer_list<std::string_view> parts) const {
        if (place < 0) return false;
        return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
            return word_.compare(std::min(static_cast<std::size_t>(place), word_.size()), part.size(), part) == 0;
        });
    }
    /// The word ends with that part, which begins at `place`.
    bool ends(int place, std::string_view part) const {
        return at(place, {part}) && place + static_cast<int>(part.size()) == size_;
    }
    int last() const { return size_ - 1; }

    void say(std::string_view both, int letters) { say(both, both, letters); }
    void say(std::string_view first, std::string_view second, int letters) {
        out_.first += first;
        out_.second += second;
        here_ += letters;
    }
    /// A consonant that is said once, written once or twice.
    void plain(char as) {
        const char both[] = {as, 0};
        say(both, letter(here_ + 1) == letter(here_) ? 2 : 1);
    }

    void step() {
        switch (letter(here_)) {
            case 'A':
            case 'E':
            case 'I':
            case 'O':
            case 'U':
            case 'Y':
                return say(here_ == 0 ? "A" : "", 1);
            case 'B':
                return plain('P');
            case 'C':
                return c();
            case 'D':
                return d();
            case 'F':
            case 'K':
            case 'N':
                return plain(letter(here_));
            case 'G':
                return letter(here_ + 1) == 'H' ? gh() : g();
            case 'H':
                return (here_ == 0 || vowel(here_ - 1)) && vowel(here_ + 1) ? say("H", 2) : say("", 1);
            case 'J':
                return j();
            case 'L':
                return l();
            case 'M':
                return m();
            case 'P':
                return letter(here_ + 1) == 'H' ? say("F", 2) : say("P", one_of(here_ + 1, "PB") ? 2 : 1);
            case 'Q':
                return plain('K');
            case 'R':
                return r();
            case 'S':
                return s();
            case 'T':
                return t();
            case 'V':
                return plain('F');
            case 'W':
                return w();
            case 'X':
                return x();
            default:
                return z();
        }
    }

    void c() {
        const int i = here_;
        if (i > 1 && !vowel(i - 2) && at(i - 1, {"ACH"}) && letter(i + 2) != 'I' &&
            (letter(i + 2) != 'E' || at(i - 2, {"BACHER", "MACHER"})))
            return say("K", 2);
        if (i == 0 && at(0, {"CAESAR"})) return say("S", 2);
        if (at(i, {"CHIA"})) return say("K", 2);
        if (at(i, {"CH"})) return ch();
        if (at(i, {"CZ"}) && !at(i - 2, {"WICZ"})) return say("S", "X", 2);
        if (at(i + 1, {"CIA"})) return say("X", 3);
        if (at(i, {"CC"}) && !(i == 1 && letter(0) == 'M')) {
            if (!one_of(i + 2, "IEH") || at(i + 2, {"HU"})) return say("K", 2);
            const bool hard = (i == 1 && letter(0) == 'A') || at(i - 1, {"UCCEE", "UCCES"});
            return say(hard ? "KS" : "X", 3);
        }
        if (at(i, {"CK", "CG", "CQ"})) return say("K", 2);
        if (at(i, {"CI", "CE", "CY"})) return at(i, {"CIO", "CIE", "CIA"}) ? say("S", "X", 2) : say("S", 2);
        say("K", one_of(i + 1, "CKQ") && !at(i + 1, {"CE", "CI"}) ? 2 : 1);
    }

    void ch() {
        const int i = here_;
        if (i > 0 && at(i, {"CHAE"})) return say("K", "X", 2);
        if (i == 0 && at(1, {"HARAC", "HARIS", "HOR", "HYM", "HIA", "HEM"}) && !at(0, {"CHORE"})) return say("K", 2);
        if (germanic_ || at(i - 2, {"ORCHES", "ARCHIT", "ORCHID"}) || one_of(i + 2, "TS") ||
            ((i == 0 || one_of(i - 1, "AOUE")) && one_of(i + 2, "LRNMBHFVW ")))
            return say("K", 2);
        if (i == 0) return say("X", 2);
        at(0, {"MC"}) ? say("K", 2) : say("X", "K", 2);
    }

    void d() {
        if (at(here_, {"DG"})) return one_of(here_ + 2, "IEY") ? say("J", 3) : say("TK", 2);
        say("T", at(here_, {"DT", "DD"}) ? 2 : 1);
    }

    void gh() {
        const int i = here_;
        if (i > 0 && !vowel(i - 1)) return say("K", 2);
        if (i == 0) return say(letter(2) == 'I' ? "J" : "K", 2);
        // HUGH, BOUGH, BROUGHTON: not heard
        if ((i > 1 && one_of(i - 2, "BHD")) || (i > 2 && one_of(i - 3, "BHD")) || (i > 3 && one_of(i - 4, "BH")))
            return say("", 2);
        if (i > 2 && letter(i - 1) == 'U' && one_of(i - 3, "CGLRT")) return say("F", 2);
        say(letter(i - 1) != 'I' ? "K" : "", 2);
    }

    void g() {
        const int i = here_;
        if (letter(i + 1) == 'N') {
            if (i == 1 && vowel(0) && !slavic_) return say("KN", "N", 2);
            return !at(i + 2, {"EY"}) && !slavic_ ? say("N", "KN", 2) : say("KN", 2);
        }
        if (at(i + 1, {"LI"}) && !slavic_) return say("KL", "L", 2);
        if (i == 0 && at(1, {"Y", "ES", "EP", "EB", "EL", "EY", "IB", "IL", "IN", "IE", "EI", "ER"}))
            return say("K", "J", 2);
        if (at(i + 1, {"ER", "Y"}) && !at(0, {"DANGER", "RANGER", "MANGER"}) && !one_of(i - 1, "EI") &&
            !at(i - 1, {"RGY", "OGY"}))
            return say("K", "J", 2);
        if (one_of(i + 1, "EIY") || at(i - 1, {"AGGI", "OGGI"})) {
            if (germanic_ || at(i + 1, {"ET"})) return say("K", 2);
            return ends(i + 1, "IER") ? say("J", 2) : say("J", "K", 2);
        }
        plain('K');
    }

    void j() {
        const int i = here_;
        const int letters = letter(i + 1) == 'J' ? 2 : 1;
        if (at(i, {"JOSE"})) return i == 0 && size_ == 4 ? say("H", 1) : say("J", "H", 1);
        if (i == 0) return say("J", "A", letters);
        if (vowel(i - 1) && !slavic_ && one_of(i + 1, "AO")) return say("J", "H", letters);
        if (i == last()) return say("J", "", letters);
        say(!one_of(i + 1, "LTKSNMBZ") && !one_of(i - 1, "SKL") ? "J" : "", letters);
    }

    void l() {
        const int i = here_;
        if (letter(i + 1) != 'L') return say("L", 1);
        const bool spanish = (i == size_ - 3 && at(i - 1, {"ILLO", "ILLA", "ALLE"})) ||
                             ((at(last() - 1, {"AS", "OS"}) || one_of(last(), "AO")) && at(i - 1, {"ALLE"}));
        spanish ? say("L", "", 2) : say("L", 2);
    }

    void m() {
        const int i = here_;
        const bool thumb = at(i - 1, {"UMB"}) && (i + 1 == last() || at(i + 2, {"ER"}));
        say("M", thumb || letter(i + 1) == 'M' ? 2 : 1);
    }

    void r() {
        const int letters = letter(here_ + 1) == 'R' ? 2 : 1;
        const bool french = here_ == last() && !slavic_ && at(here_ - 2, {"IE"}) && !at(here_ - 4, {"ME", "MA"});
        french ? say("", "R", letters) : say("R", letters);
    }

    void s() {
        const int i = here_;
        if (at(i - 1, {"ISL", "YSL"})) return say("", 1);
        if (i == 0 && at(0, {"SUGAR"})) return say("X", "S", 1);
        if (at(i, {"SH"})) return say(at(i + 1, {"HEIM", "HOEK", "HOLM", "HOLZ"}) ? "S" : "X", 2);
        if (at(i, {"SIO", "SIA"})) return slavic_ ? say("S", 3) : say("S", "X", 3);
        if ((i == 0 && one_of(1, "MNLW")) || letter(i + 1) == 'Z') return say("S", "X", letter(i + 1) == 'Z' ? 2 : 1);
        if (at(i, {"SC"})) return sc();
        const int letters = one_of(i + 1, "SZ") ? 2 : 1;
        i == last() && at(i - 2, {"AI", "OI"}) ? say("", "S", letters) : say("S", letters);
    }

    void sc() {
        const int i = here_;
        if (letter(i + 2) == 'H') {
            if (at(i + 3, {"ER", "EN"})) return say("X", "SK", 3);
            if (at(i + 3, {"OO", "UY", "ED", "EM"})) return say("SK", 3);
            return i == 0 && !vowel(3) && letter(3) != 'W' ? say("X", "S", 3) : say("X", 3);
        }
        say(one_of(i + 2, "IEY") ? "S" : "SK", 3);
    }

    void t() {
        const int i = here_;
        if (at(i, {"TION", "TIA", "TCH"})) return say("X", 3);
        if (at(i, {"TH", "TTH"})) {
            const int letters = at(i, {"TTH"}) ? 3 : 2;
            return at(i + letters, {"OM", "AM"}) || germanic_ ? say("T", letters) : say("0", "T", letters);
        }
        say("T", one_of(i + 1, "TD") ? 2 : 1);
    }

    void w() {
        const int i = here_;
        if (at(i, {"WR"})) return say("R", 2);
        if (i == 0 && vowel(1)) say("A", "F", 0);
        if (i == 0 && at(0, {"WH"})) say("A", 0);
        if ((i == last() && vowel(i - 1)) || at(i - 1, {"EWSKI", "EWSKY", "OWSKI", "OWSKY"}) || germanic_)
            return say("", "F", 1);
        at(i, {"WICZ", "WITZ"}) ? say("TS", "FX", 4) : say("", 1);
    }

    void x() {
        const bool french = here_ == last() && (at(here_ - 3, {"IAU", "EAU"}) || at(here_ - 2, {"AU", "OU"}));
        say(french ? "" : "KS", one_of(here_ + 1, "CX") ? 2 : 1);
    }

    void z() {
        if (letter(here_ + 1) == 'H') return say("J", 2);
        const int letters = letter(here_ + 1) == 'Z' ? 2 : 1;
        const bool italian = at(here_ + 1, {"ZO", "ZI", "ZA"}) || (slavic_ && here_ > 0 && letter(here_ - 1) != 'T');
        italian ? say("S", "TS", letters) : say("S", letters);
    }

    std::string word_;
    int size_ = 0, here_ = 0;
    bool slavic_ = false, germanic_ = false;
    Sound out_;
};

}  // namespace

Sound double_metaphone(std::string_view name) { return Reading(name).run(); }

bool sounds_alike(std::string_view a, std::string_view b) {
    const auto x = double_metaphone(a), y = double_metaphone(b);
    const auto same = [](const std::string& one, const std::string& other) { return !one.empty() && one == other; };
    return same(x.first, y.first) || same(x.first, y.second) || same(x.second, y.first) || same(x.second, y.second);
}

}  // namespace causeway::patient_index::match
