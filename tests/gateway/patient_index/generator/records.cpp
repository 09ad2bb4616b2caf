#include "tests/gateway/patient_index/generator/records.hpp"

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace causeway::patient_index::generator {
namespace {

using match::Record;

/// One registration desk's version of a human.
class Desk {
public:
    Desk(const Human& human, const Options& options, Dice& dice) : human_(human), options_(options), dice_(dice) {}

    /// What changes in a life is changed for good: later records go on from there.
    void live_on() {
        if (dice_.chance(.16)) move();
        if (dice_.chance(.25))
            human_.phone = std::to_string(dice_.between(201, 989)) + std::to_string(dice_.between(2210000, 5499999));
        if (dice_.chance(.20)) human_.email = "x" + std::to_string(dice_.below(100'000'000)) + "@other.example";
    }

    Record write(bool later) {
        Record out;
        auto name = written_name(later);
        write_birth_date(out);
        out.sex = often(.004) ? (human_.female ? "M" : "F") : (human_.female ? "F" : "M");
        write_ssn(out);
        if (dice_.chance(.8))
            out.phones.push_back(often(.015) ? "9999999999" : often(.02) ? wrong_digit(human_.phone) : human_.phone);
        if (dice_.chance(.35)) out.emails.push_back(human_.email);
        if (dice_.chance(.93)) {
            auto street = human_.home.street;
            if (often(.03)) street = typed(street);
            out.addresses.push_back({human_.home.house, street, human_.home.city, human_.home.zip});
        }
        if (!human_.mother.empty() && human_.year >= 1990 && dice_.chance(.4)) {
            out.mothers.push_back(often(.02) ? typed(human_.mother) : human_.mother);
            out.guardians.push_back(human_.guardian);
        }
        if (human_.twin_of && dice_.chance(.4)) out.birth_order = human_.birth_order;
        out.names.push_back(std::move(name));
        return out;
    }

private:
    bool often(double rate) { return dice_.chance(rate * options_.dirt); }

    void move() {
        human_.home.house = std::to_string(dice_.between(1, 9999));
        human_.home.street = std::string(1, static_cast<char>('A' + dice_.below(26))) + "VALON " +
                             (dice_.chance(.5) ? "ROAD" : "STREET");
        if (dice_.chance(.5)) {
            human_.home.zip = std::to_string(dice_.between(10000, 99999));
            human_.home.city = "NEWTOWN" + std::string(1, static_cast<char>('A' + dice_.below(26)));
        }
    }

    std::string typed(std::string text) {
        if (text.size() < 2) return text;
        const auto at = dice_.below(static_cast<std::uint32_t>(text.size() - 1));
        switch (dice_.below(4)) {
            case 0:
                std::swap(text[at], text[at + 1]);
                break;
            case 1:
                text.erase(at, 1);
                break;
            case 2:
                text.insert(at, 1, static_cast<char>('A' + dice_.below(26)));
                break;
            default:
                text[at] = static_cast<char>('A' + dice_.below(26));
                break;
        }
        return text;
    }
    std::string sounded(std::string text) {
        static constexpr std::array<std::pair<std::string_view, std::string_view>, 12> sounds = {{{"PH", "F"},
                                                                                                  {"CK", "K"},
                                                                                                  {"IE", "Y"},
                                                                                                  {"Y", "IE"},
                                                                                                  {"TH", "T"},
                                                                                                  {"C", "K"},
                                                                                                  {"S", "Z"},
                                                                                                  {"EE", "EA"},
                                                                                                  {"OO", "U"},
                                                                                                  {"LL", "L"},
                                                                                                  {"NN", "N"},
                                                                                                  {"E", "A"}}};
        const auto first = dice_.below(static_cast<std::uint32_t>(sounds.size()));
        for (std::size_t i = 0; i < sounds.size(); ++i) {
            const auto& [from, to] = sounds[(first + i) % sounds.size()];
            if (const auto at = text.find(from); at != std::string::npos) return text.replace(at, from.size(), to);
        }
        return text;
    }
    std::string wrong_digit(std::string text) {
        const auto at = dice_.below(static_cast<std::uint32_t>(text.size()));
        if (at + 1 < text.size() && dice_.chance(.4))
            std::swap(text[at], text[at + 1]);
        else
            text[at] = static_cast<char>('0' + dice_.below(10));
        return text;
    }

    std::string pet_name(const std::string& given) {
        static constexpr std::array<std::pair<std::string_view, std::string_view>, 60> pets = {
            {{"WILLIAM", "BILL"},      {"WILLIAM", "WILL"},   {"ROBERT", "BOB"},     {"ROBERT", "ROB"},
             {"JAMES", "JIM"},         {"JOHN", "JACK"},      {"MICHAEL", "MIKE"},   {"RICHARD", "RICK"},
             {"RICHARD", "DICK"},      {"CHARLES", "CHUCK"},  {"JOSEPH", "JOE"},     {"THOMAS", "TOM"},
             {"CHRISTOPHER", "CHRIS"}, {"DANIEL", "DAN"},     {"MATTHEW", "MATT"},   {"ANTHONY", "TONY"},
             {"DONALD", "DON"},        {"STEVEN", "STEVE"},   {"STEPHEN", "STEVE"},  {"ANDREW", "ANDY"},
             {"KENNETH", "KEN"},       {"EDWARD", "ED"},      {"RONALD", "RON"},     {"TIMOTHY", "TIM"},
             {"JEFFREY", "JEFF"},      {"GREGORY", "GREG"},   {"BENJAMIN", "BEN"},   {"SAMUEL", "SAM"},
             {"NICHOLAS", "NICK"},     {"ALEXANDER", "ALEX"}, {"MARY", "MOLLY"},     {"PATRICIA", "PAT"},
             {"PATRICIA", "TRISH"},    {"ELIZABETH", "LIZ"},  {"ELIZABETH", "BETH"}, {"JENNIFER", "JEN"},
             {"BARBARA", "BARB"},      {"SUSAN", "SUE"},      {"MARGARET", "PEGGY"}, {"MARGARET", "MAGGIE"},
             {"DOROTHY", "DOT"},       {"DEBORAH", "DEBBIE"}, {"KIMBERLY", "KIM"},   {"CYNTHIA", "CINDY"},
             {"KATHLEEN", "KATHY"},    {"KATHERINE", "KATE"}, {"REBECCA", "BECKY"},  {"CATHERINE", "CATHY"},
             {"CHRISTINE", "CHRIS"},   {"SAMANTHA", "SAM"},   {"JESSICA", "JESS"},   {"VICTORIA", "VICKI"},
             {"JACQUELINE", "JACKIE"}, {"THERESA", "TERRY"},  {"PAMELA", "PAM"},     {"SANDRA", "SANDY"},
             {"AMANDA", "MANDY"},      {"VIRGINIA", "GINNY"}, {"JUDITH", "JUDY"},    {"FREDERICK", "FRED"}}};
        const auto first = dice_.below(static_cast<std::uint32_t>(pets.size()));
        for (std::size_t i = 0; i < pets.size(); ++i) {
            const auto& [formal, pet] = pets[(first + i) % pets.size()];
            if (formal == given) return std::string(pet);
        }
        return given;
    }

    Record::Name written_name(bool later) {
        Record::Name out{human_.given, {}, human_.family, {}, {}};
        if (human_.twin_of && options_.this_year - human_.year < 2 && dice_.chance(.1))
            out.given = human_.female ? "BABY GIRL" : "BABY BOY";
        else if (often(.012))
            out.given = typed(out.given);
        else if (often(.012))
            out.given = sounded(out.given);
        else if (often(.05))
            out.given = pet_name(out.given);
        else if (often(.008))
            out.given = out.given.substr(0, 1);
        const double middle = static_cast<double>(dice_.below(100));
        if (!human_.middle.empty() && middle < 25)
            out.middle = human_.middle;
        else if (!human_.middle.empty() && middle < 65)
            out.middle = human_.middle.substr(0, 1);
        if (!human_.middle.empty() && often(.01)) {
            out.middle = out.given;
            out.given = human_.middle;
        }
        if (!human_.former_family.empty() && later && dice_.chance(.12)) {
            out.family = human_.former_family;
            if (dice_.chance(.6)) move();
        } else if (often(.012))
            out.family = typed(out.family);
        else if (often(.012))
            out.family = sounded(out.family);
        else if (!human_.former_family.empty() && often(.01))
            out.family += '-' + human_.former_family;
        if (!human_.suffix.empty() && dice_.chance(.55)) out.suffix = human_.suffix;
        if (often(.006)) std::swap(out.given, out.family);
        return out;
    }

    void write_birth_date(Record& out) {
        int year = human_.year, month = human_.month, day = human_.day;
        if (often(.006))
            std::swap(month, day);
        else if (often(.006))
            day = std::clamp(day + dice_.between(-3, 3), 1, 28);
        else if (often(.006))
            month = std::clamp(month + dice_.between(-2, 2), 1, 12);
        else if (often(.004))
            year += dice_.between(-2, 2);
        else if (often(.004)) {
            month = day = 1;
        } else if (often(.002)) {
            year = 1900;
            month = day = 1;
        }
        if (month > 12) {
            std::swap(month, day);
        }
        char text[24];
        std::snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
        std::string date = text;
        if (often(.004)) {
            const std::size_t at = std::array<std::size_t, 3>{3, 6, 9}[dice_.below(3)];
            date[at] = static_cast<char>('0' + dice_.below(10));
        }
        out.birth_dates.push_back(std::move(date));
    }

    void write_ssn(Record& out) {
        const auto source = dice_.below(3);
        const double present = source == 0 ? .65 : source == 1 ? .35 : 0;
        if (!dice_.chance(present)) {
            if (dice_.chance(.08)) out.ssns.push_back(human_.ssn.substr(5));
            return;
        }
        if (often(.01))
            out.ssns.push_back("999999999");
        else if (often(.012))
            out.ssns.push_back(std::to_string(dice_.between(100100000, 665999999)));
        else if (often(.02))
            out.ssns.push_back(wrong_digit(human_.ssn));
        else
            out.ssns.push_back(human_.ssn);
    }

    Human human_;
    const Options& options_;
    Dice& dice_;
};

}  // namespace

void make_records(const Human& human, const Options& options, Dice& dice, const std::function<void(Record&&)>& each) {
    int count = 1;
    while (count < 6 && dice.chance(.455)) ++count;
    Desk desk(human, options, dice);
    for (int i = 0; i < count; ++i) {
        if (i) desk.live_on();
        each(desk.write(i > 0));
    }
}

Population make_population(const Options& options) {
    Dice dice(options.seed);
    Population out;
    out.people = make_people(options, dice);
    for (const auto& human : out.people)
        make_records(human, options, dice, [&](Record&& record) {
            out.records.push_back(std::move(record));
            out.truth.push_back(human.number);
        });
    // registrations come in no order
    for (std::size_t i = out.records.size(); i > 1; --i) {
        const auto j = dice.below(static_cast<std::uint32_t>(i));
        std::swap(out.records[i - 1], out.records[j]);
        std::swap(out.truth[i - 1], out.truth[j]);
    }
    return out;
}

void write_csv_header(std::ostream& out) {
    out << "id,given,middle,family,suffix,birth_date,sex,house,street,city,zip,phone,email,ssn,mother_maiden_name,"
           "guardian_name_first,birth_order,cluster\n";
}

void write_csv(std::ostream& out, std::uint64_t id, const Record& record, std::uint32_t truth) {
    const auto first = [](const std::vector<std::string>& list) { return list.empty() ? std::string() : list[0]; };
    const auto& name = record.names[0];
    const Record::Address home = record.addresses.empty() ? Record::Address() : record.addresses[0];
    out << id << ',' << name.given << ',' << name.middle << ',' << name.family << ',' << name.suffix << ','
        << first(record.birth_dates) << ',' << record.sex << ',' << home.house << ',' << home.street << ',' << home.city
        << ',' << home.zip << ',' << first(record.phones) << ',' << first(record.emails) << ',' << first(record.ssns)
        << ',' << first(record.mothers) << ',' << first(record.guardians) << ','
        << (record.birth_order ? std::to_string(record.birth_order) : std::string()) << ',' << truth << '\n';
}

}  // namespace causeway::patient_index::generator
