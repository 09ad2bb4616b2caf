#include "tests/hl7v2/generated/run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "hl7v2/builder.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/continuation.hpp"
#include "hl7v2/group.hpp"
#include "hl7v2/message.hpp"
#include "hl7v2/validate/validate.hpp"
#include "hl7v2/xml/xml.hpp"
#include "tests/hl7v2/generated/conforming.hpp"
#include "tests/hl7v2/generated/oddities.hpp"
#include "tests/hl7v2/generated/properties.hpp"
#include "tests/hl7v2/group_items.hpp"

namespace causeway::hl7v2::testing {

namespace {

/// Every structure of every version, one after the other by the seed.
std::pair<dictionary::Version, dictionary::Structure> pick(std::uint64_t seed) {
    static const std::size_t all = [] {
        std::size_t sum = 0;
        for (const auto version : dictionary::versions()) sum += version.structure_count();
        return sum;
    }();
    std::size_t n = static_cast<std::size_t>(seed) % all;
    for (const auto version : dictionary::versions()) {
        if (n < version.structure_count()) return {version, version.structure_at(n)};
        n -= version.structure_count();
    }
    const auto first = dictionary::versions().front();
    return {first, first.structure_at(0)};
}

ConformingMessage make(Random& random, std::uint64_t seed, const Delimiters& delimiters, const Density& density) {
    const auto [version, structure] = pick(seed);
    return make_conforming(random, version, structure, delimiters, density);
}

std::string label(const ConformingMessage& message, std::uint64_t seed) {
    return std::string(message.structure.name()) + " " + std::string(message.version.text()) + ", seed " +
           std::to_string(seed);
}

std::string join(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out.append(name).append(" ");
    return out;
}

/// There and back in XML every value is the same.
void check_xml(const GroupTree& tree) {
    const MessageView& message = tree.message();
    std::string xml;
    write_xml(tree, xml);
    const auto back = read_xml(xml);
    REQUIRE(back.has_value());
    const auto read = Message::parse(*back);
    REQUIRE(read.has_value());
    REQUIRE(read->view().size() == message.size());
    for (std::size_t i = 0; i < message.size(); ++i) {
        CHECK(read->view()[i].name() == message[i].name());
        for (const NumberedField numbered : message[i].fields())
            CHECK(read->view()[i].field(numbered.number).raw() == numbered.field.raw());
    }
}

}  // namespace

void check_conforming(std::uint64_t seed, std::size_t count) {
    std::size_t read = 0, in_place = 0;
    std::map<std::string, std::size_t> against;
    for (std::uint64_t s = seed; s < seed + count; ++s) {
        Random random(s);
        const Delimiters delimiters = random_delimiters(random);
        const auto made =
            make(random, s, delimiters, {.segments = random.between(5, 80), .fields = random.between(5, 90)});
        if (!made.text.starts_with("MSH")) continue;  // the source has a structure without its header
        const std::string about = label(made, s);
        CAPTURE(about);
        const auto message = Message::parse(made.text, {{}, Tolerances::strict()});
        REQUIRE(message.has_value());
        ++read;
        CHECK(MessageBuilder::edit(message->view()).text() == made.text);
        CHECK(message->view().size() == made.items.size());
        const GroupTree tree = group(message->view(), made.structure);
        check_xml(tree);
        std::vector<std::uint32_t> placed;
        collect(tree.root(), placed);
        REQUIRE(placed.size() == made.items.size());
        in_place += placed == made.items ? 1U : 0U;
        if (!made.found_by_header) continue;
        for (const ValidationIssue& issue : validate(message->view())) {
            // a segment that may stand at two places may be taken for the one that is not meant
            if (issue.rule == ValidationRule::structure && placed != made.items) continue;
            if (issue.severity == Severity::information) continue;
            if (issue.rule == ValidationRule::length) continue;  // some fields are shorter than what they require
            ++against[issue.path() + " " + issue.text + " " + std::string(made.text.substr(issue.offset, 12)) + " (" +
                      std::string(made.version.text()) + " " + std::string(made.structure.name()) + ", seed " +
                      std::to_string(s) + ")"];
        }
    }
    CHECK(read > count * 9 / 10);
    CHECK(in_place > read * 9 / 10);
    MESSAGE(read << " conforming messages, " << in_place << " with every segment where it was meant");
    std::size_t shown = 0;
    for (const auto& [what, times] : against) {
        if (++shown > 40) break;
        FAIL_CHECK(times << " x " << what);
    }
}

void check_odd(std::uint64_t seed, std::size_t count) {
    std::size_t readable = 0, expected = 0;
    for (std::uint64_t s = seed; s < seed + count; ++s) {
        Random random(s);
        const Delimiters delimiters = random_delimiters(random);
        auto made = make(random, s * 7, delimiters, {.segments = 25, .fields = 30});
        if (!made.text.starts_with("MSH")) continue;
        bool whole = true;
        const auto oddities = make_odd(random, made.text, delimiters, whole);
        const std::string about = label(made, s) + ": " + join(oddities);
        CAPTURE(about);
        const bool could_be_read = check_bytes(made.text);
        if (whole) CHECK(could_be_read);
        readable += could_be_read ? 1U : 0U;
        expected += whole ? 1U : 0U;
    }
    CHECK(readable >= expected);
    MESSAGE(expected << " odd messages");
}

void check_charsets(std::uint64_t seed, std::size_t count) {
    static constexpr std::array<std::string_view, 16> names = {
        "8859/1",         "8859/2",        "8859/5",         "8859/7",        "8859/9", "8859/15",
        "ASCII",          "UNICODE UTF-8", "ISO IR87",       "GB 18030-2000", "BIG-5",  "KS X 1001",
        "CNS 11643-1992", "ISO IR14",      "UNICODE UTF-16", "UNICODE UTF-32"};
    std::map<std::string_view, std::size_t> done;
    for (std::uint64_t s = seed; s < seed + count; ++s) {
        Random random(s);
        const std::string_view charset = random.one_of(names);
        const auto made = make(random, s * 3, Delimiters{}, {.segments = 15, .fields = 25});
        if (!made.text.starts_with("MSH")) continue;
        const std::string about = label(made, s) + " in " + std::string(charset);
        CAPTURE(about);
        const auto encoded = encode_message(made.text, charset);
        REQUIRE(encoded.has_value());
        const DecodedText decoded = decode_to_utf8(encoded->bytes);
        CHECK(decoded.invalid_bytes == 0);
        if (encoded->replaced == 0) {
            // the set is stated now; all else is as it was
            const auto before = Message::parse(made.text), after = Message::parse(decoded.text);
            REQUIRE(before.has_value());
            REQUIRE(after.has_value());
            REQUIRE(before->view().size() == after->view().size());
            for (std::size_t i = 1; i < before->view().size(); ++i)
                CHECK(before->view()[i].raw() == after->view()[i].raw());
            ++done[charset];
        }
        CHECK(check_bytes(decoded.text));
        check_bytes(encoded->bytes);
    }
    for (const auto& [name, times] : done) MESSAGE(name << ": " << times);
    CHECK(done.size() > 4);
}

void check_fragments(std::uint64_t seed, std::size_t count) {
    for (std::uint64_t s = seed; s < seed + count; ++s) {
        Random random(s);
        const auto made = make(random, s * 5, Delimiters{}, {.segments = 40, .fields = 50});
        if (!made.text.starts_with("MSH")) continue;
        const std::string about = label(made, s);
        CAPTURE(about);
        const auto message = Message::parse(made.text);
        REQUIRE(message.has_value());
        if (message->view().segment("DSC")) continue;  // is a fragment already
        const std::size_t header = message->view()[0].raw().size();
        std::size_t id = 0;
        const auto fragments = fragment(message->view(), header + random.between(120, 900),
                                        [&id] { return "part" + std::to_string(++id); });
        REQUIRE(fragments.has_value());
        Reassembly reassembly;
        Reassembly::Step step{Reassembly::Outcome::kept};
        for (const std::string& each : *fragments) {
            const auto part = Message::parse(each);
            REQUIRE(part.has_value());
            check_bytes(each);
            step = reassembly.take(part->view(), 0);
        }
        if (fragments->size() == 1) {
            CHECK(step.outcome == Reassembly::Outcome::whole);
        } else {
            REQUIRE(step.outcome == Reassembly::Outcome::complete);
            const auto whole = Message::parse(step.message);
            REQUIRE(whole.has_value());
            REQUIRE(whole->view().size() == message->view().size());
            for (std::size_t i = 1; i < whole->view().size(); ++i)
                CHECK(whole->view()[i].raw() == message->view()[i].raw());
        }
    }
}

}  // namespace causeway::hl7v2::testing
