#include "tests/gateway/patient_index/generator/people.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "gateway/patient_index/match/tables_data.hpp"
#include "tests/gateway/patient_index/generator/names_data.hpp"

namespace causeway::patient_index::generator {
namespace {

/// Names drawn by frequency.
class NameTable {
public:
    /// `column` counts the cells after the name from 0.
    NameTable(std::string_view text, int column) {
        while (!text.empty()) {
            const auto end = std::min(text.find('\n'), text.size());
            auto line = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            if (line.empty() || line.front() == '#') continue;
            std::vector<std::string_view> cells;
            for (;;) {
                const auto tab = line.find('\t');
                cells.push_back(line.substr(0, tab));
                if (tab == std::string_view::npos) break;
                line.remove_prefix(tab + 1);
            }
            const auto weight = std::stoul(std::string(cells[static_cast<std::size_t>(column) + 1]));
            if (weight == 0) continue;
            total_ += static_cast<std::uint32_t>(weight);
            names_.emplace_back(cells[0]);
            upto_.push_back(total_);
        }
    }
    const std::string& draw(Dice& dice) const {
        const auto at = std::upper_bound(upto_.begin(), upto_.end(), dice.below(total_));
        return names_[static_cast<std::size_t>(at - upto_.begin())];
    }
    /// Any name, frequency aside.
    const std::string& any(Dice& dice) const { return dice.of(names_); }

private:
    std::vector<std::string> names_;
    std::vector<std::uint32_t> upto_;
    std::uint32_t total_ = 0;
};

std::string_view bytes_of(std::span<const embedded::File> files, std::string_view name) {
    for (const auto& file : files)
        if (file.path.ends_with(name)) return file.bytes;
    return {};
}

struct Names {
    NameTable women{bytes_of(embedded::match_tables(), "given_names.tsv"), 0};
    NameTable men{bytes_of(embedded::match_tables(), "given_names.tsv"), 1};
    NameTable families{bytes_of(embedded::generator_names(), "family_names.tsv"), 0};

    /// 6 % from outside every table: rare, foreign, invented names.
    std::string given(bool female, Dice& dice) const {
        const auto& name = (female ? women : men).draw(dice);
        return dice.chance(.06) ? coined(dice, female ? "A" : "O") : name;
    }
    /// 35 % of people carry a name that the table of frequent ones lacks.
    std::string family(Dice& dice) const {
        if (!dice.chance(.35)) return families.draw(dice);
        static constexpr std::array<std::string_view, 24> ends = {
            "SKI",  "SON", "MANN", "WELL", "FORD", "OVA",  "EZ",  "INI",   "STEIN", "LEY",  "KOV",  "BURG",
            "WOOD", "HAM", "ARD",  "IAN",  "AU",   "ETTI", "SEN", "QUIST", "IDIS",  "WALA", "MORE", "DORF"};
        std::string stem = families.any(dice);
        if (stem.size() > 6) stem.resize(6);
        return stem + std::string(dice.of(ends));
    }
    static std::string coined(Dice& dice, std::string_view end) {
        static constexpr std::array<std::string_view, 20> parts = {"SHA", "DE", "MAR", "KI",  "LEO", "TRA", "NI",
                                                                   "ZA",  "RO", "JU",  "BRI", "XI",  "PHE", "LU",
                                                                   "TA",  "ME", "AN",  "VI",  "SO",  "KA"};
        std::string out;
        for (int i = dice.between(2, 3); i > 0; --i) out += dice.of(parts);
        return out + std::string(end);
    }
};

const Names& names() {
    static const Names table;
    return table;
}

std::string number_text(Dice& dice, std::size_t digits) {
    std::string out;
    while (out.size() < digits) out.push_back(static_cast<char>('0' + dice.below(10)));
    return out;
}

std::string fresh_ssn(Dice& dice) {
    return std::to_string(dice.between(100, 665)) + std::to_string(dice.between(10, 99)) +
           std::to_string(dice.between(1000, 9999));
}
std::string fresh_phone(Dice& dice) {
    return std::to_string(dice.between(201, 989)) + std::to_string(dice.between(221, 549)) + number_text(dice, 4);
}

Place fresh_place(Dice& dice, std::uint32_t towns) {
    static constexpr std::array<std::string_view, 40> stems = {
        "OAK",     "ELM",      "MAPLE",    "PINE",   "CEDAR",      "LAKE",     "HILL",      "PARK",
        "RIVER",   "SPRING",   "CHURCH",   "MILL",   "WASHINGTON", "LINCOLN",  "JEFFERSON", "ADAMS",
        "JACKSON", "FRANKLIN", "MADISON",  "MONROE", "2ND",        "3RD",      "4TH",       "5TH",
        "6TH",     "SUNSET",   "RIDGE",    "MEADOW", "FOREST",     "CHESTNUT", "WALNUT",    "DOGWOOD",
        "HICKORY", "LOCUST",   "HIGHLAND", "VALLEY", "COLLEGE",    "CENTER",   "MAIN",      "BROAD"};
    static constexpr std::array<std::string_view, 8> kinds = {"STREET", "AVENUE", "ROAD",  "DRIVE",
                                                              "LANE",   "COURT",  "PLACE", "BOULEVARD"};
    static constexpr std::array<std::string_view, 24> towns_a = {
        "SPRING", "GREEN", "FAIR", "CLEAR", "NEW",  "OAK",   "MILL", "BROOK", "HAR",   "WIN", "ASH",  "STONE",
        "KING",   "QUEEN", "MARL", "WEST",  "EAST", "NORTH", "LEX",  "BED",   "FRANK", "COL", "GLEN", "RED"};
    static constexpr std::array<std::string_view, 16> towns_b = {"FIELD", "VILLE", "TON",   "BURG", "PORT", "WOOD",
                                                                 "HAVEN", "FORD",  "DALE",  "VIEW", "LAND", "BRIDGE",
                                                                 "MONT",  "CREEK", "MOUTH", "HURST"};
    Place out;
    // two of three live in the larger half of the towns
    const auto town = dice.chance(.67) ? dice.below(std::max(1U, towns / 4)) : dice.below(towns);
    out.city =
        std::string(towns_a[town % towns_a.size()]) + std::string(towns_b[town / towns_a.size() % towns_b.size()]);
    out.zip = std::to_string(10000 + (town * 7919U) % 89000U);
    out.house = std::to_string(dice.between(1, dice.chance(.5) ? 400 : 9999));
    out.street = std::string(dice.chance(.25) ? "N " : "") + std::string(dice.of(stems)) +
                 (dice.chance(.3) ? std::string(dice.of(stems)) : std::string()) + ' ' + std::string(dice.of(kinds));
    return out;
}

std::string email_of(const Human& human, Dice& dice) {
    static constexpr std::array<std::string_view, 5> hosts = {"mailbox.example", "post.example", "letters.example",
                                                              "inbox.example", "web.example"};
    std::string out;
    for (const char c : dice.chance(.5) ? human.given + '.' + human.family : human.given.substr(0, 1) + human.family)
        out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    return out + (dice.chance(.7) ? std::to_string(dice.below(1000)) : std::string()) + '@' +
           std::string(dice.of(hosts));
}

class Builder {
public:
    Builder(const Options& options, Dice& dice)
        : options_(options),
          dice_(dice),
          towns_(std::max<std::uint32_t>(20, options.towns ? options.towns : options.humans / 4000)) {
        for (int i = 0; i < 30; ++i) institutions_.push_back(fresh_place(dice_, towns_));
        institution_phones_.resize(institutions_.size());
        for (auto& phone : institution_phones_) phone = fresh_phone(dice_);
    }

    std::vector<Human> run() {
        while (people_.size() < options_.humans) household();
        people_.resize(options_.humans);
        const auto last = static_cast<std::uint32_t>(people_.size());
        for (auto& human : people_)
            if (human.twin_of > last) human.twin_of = 0;
        return std::move(people_);
    }

private:
    Human fresh(bool female, int year) {
        Human out;
        out.household = household_;
        out.female = female;
        out.given = names().given(female, dice_);
        if (dice_.chance(.85)) out.middle = names().given(female, dice_);
        out.year = year;
        out.month = dice_.between(1, 12);
        out.day = dice_.between(1, 28);
        out.ssn = fresh_ssn(dice_);
        return out;
    }

    /// The number is the place: given when the human is added and not before.
    Human& add(Human human) {
        human.number = static_cast<std::uint32_t>(people_.size() + 1);
        people_.push_back(std::move(human));
        return people_.back();
    }

    void finish(Human human) {
        if (human.phone.empty()) human.phone = fresh_phone(dice_);
        human.email = email_of(human, dice_);
        if (dice_.chance(.02)) {
            const auto i = dice_.below(static_cast<std::uint32_t>(institutions_.size()));
            human.home = institutions_[i];
            if (dice_.chance(.5)) human.phone = institution_phones_[i];
        }
        const Human& added = add(std::move(human));
        if (dice_.below(2000) == 0) namesake(Human(added));
    }

    void namesake(const Human& of) {
        Human other = fresh(of.female, of.year + (dice_.chance(.3) ? 0 : dice_.between(-20, 20)));
        other.household = ++household_;
        other.namesake_of = of.number;
        other.given = of.given;
        other.family = of.family;
        if (other.year == of.year && dice_.chance(.8)) {
            other.month = of.month;
            other.day = of.day;
        }
        other.home = fresh_place(dice_, towns_);
        other.home.city = of.home.city;
        other.home.zip = of.home.zip;
        other.phone = fresh_phone(dice_);
        other.email = email_of(other, dice_);
        add(std::move(other));
    }

    void household() {
        ++household_;
        const auto home = fresh_place(dice_, towns_);
        const std::string phone = fresh_phone(dice_);
        const bool shared_phone = dice_.chance(.45);
        const auto settle = [&](Human& human, bool minor) {
            human.home = home;
            if (shared_phone || minor) human.phone = phone;
        };
        const int year = options_.this_year - dice_.between(19, 90);
        Human first = fresh(dice_.chance(.5), year);
        first.family = names().family(dice_);
        settle(first, false);
        if (dice_.chance(.3)) {
            finish(first);
            return;
        }
        Human second = fresh(!first.female, std::min(options_.this_year - 19, year + dice_.between(-6, 6)));
        Human& wife = first.female ? first : second;
        Human& husband = first.female ? second : first;
        const std::string maiden = names().family(dice_);
        if (dice_.chance(.75)) {
            husband.family = wife.family = names().family(dice_);
            if (dice_.chance(.5)) wife.former_family = maiden;
        } else {
            husband.family = names().family(dice_);
            wife.family = maiden;
        }
        settle(second, false);
        const Human mother = wife, father = husband;
        finish(first);
        finish(second);
        children(mother, father, maiden, home, phone);
    }

    void children(const Human& mother, const Human& father, const std::string& maiden, const Place& home,
                  const std::string& phone) {
        int born = mother.year + dice_.between(19, 34);
        std::string family = father.family;
        if (dice_.chance(.1)) family = father.family + '-' + maiden;
        for (int n = dice_.between(0, 4); n > 0; --n, born += dice_.between(1, 4)) {
            if (born > options_.this_year || born > mother.year + 46) return;
            Human child = fresh(dice_.chance(.5), born);
            child.family = family;
            child.mother = maiden;
            child.guardian = mother.given;
            if (!child.female && dice_.chance(.06)) {
                child.given = father.given;
                if (dice_.chance(.7)) child.middle = father.middle;
                child.suffix = "JR";
            }
            const bool grown = options_.this_year - born >= 19;
            child.home = grown && dice_.chance(.6) ? fresh_place(dice_, towns_) : home;
            if (!grown) child.phone = phone;
            if (dice_.chance(.035))
                twins(std::move(child));
            else
                finish(std::move(child));
        }
    }

    void twins(Human one) {
        one.birth_order = 1;
        Human two = one;
        two.birth_order = 2;
        two.female = dice_.chance(.65) ? one.female : !one.female;
        do two.given = twin_name(one, two.female);
        while (two.given == one.given || two.given.size() < 2);
        two.middle = dice_.chance(.1) ? one.middle : names().given(two.female, dice_);
        two.suffix.clear();
        two.ssn = dice_.chance(.15) ? std::to_string(std::stol(one.ssn) + 1) : fresh_ssn(dice_);
        const auto number = static_cast<std::uint32_t>(people_.size() + 1);
        one.twin_of = number + 1;
        two.twin_of = number;
        if (one.phone.empty()) one.phone = fresh_phone(dice_);
        if (dice_.chance(.5)) two.phone = one.phone;
        finish_twin(std::move(one));
        finish_twin(std::move(two));
    }

    void finish_twin(Human human) {
        if (human.phone.empty()) human.phone = fresh_phone(dice_);
        human.email = email_of(human, dice_);
        add(std::move(human));
    }

    std::string twin_name(const Human& one, bool female) {
        const auto draw = [&] { return names().given(female, dice_); };
        if (dice_.chance(.15)) {
            std::string name = one.given;
            if (dice_.chance(.33)) {  // a phonetic variant that is in no table
                static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> sounds = {{{"IE", "Y"},
                                                                                                         {"Y", "IE"},
                                                                                                         {"C", "K"},
                                                                                                         {"K", "C"},
                                                                                                         {"N", "NN"},
                                                                                                         {"LL", "L"},
                                                                                                         {"A", "AH"},
                                                                                                         {"EI", "AY"}}};
                for (const auto& [from, to] : sounds)
                    if (const auto at = name.find(from, 1); at != std::string::npos)
                        return name.replace(at, from.size(), to);
            }
            const auto at = 1 + dice_.below(static_cast<std::uint32_t>(name.size() - 1));
            name[at] = static_cast<char>('A' + dice_.below(26));
            if (dice_.chance(.4)) name.push_back(static_cast<char>('A' + dice_.below(26)));
            return name;
        }
        if (dice_.chance(.06))
            for (int i = 0; i < 200; ++i)
                if (auto name = draw(); name[0] == one.given[0]) return name;
        return draw();
    }

    const Options& options_;
    Dice& dice_;
    const std::uint32_t towns_;
    std::uint32_t household_ = 0;
    std::vector<Place> institutions_;
    std::vector<std::string> institution_phones_;
    std::vector<Human> people_;
};

}  // namespace

std::vector<Human> make_people(const Options& options, Dice& dice) { return Builder(options, dice).run(); }

}  // namespace causeway::patient_index::generator
