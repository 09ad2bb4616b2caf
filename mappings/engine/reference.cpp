#include "mappings/engine/reference.hpp"

#include <array>
#include <map>

namespace causeway::mappings {
namespace {

struct Row {
    const char* name;
    const char* text;
};

constexpr std::array functions = {
    Row{"now()", "`set`, `default`: the time of the conversion"},
    Row{"control_id()", "`set`, `default` on a v2 place: the control id of the message being made"},
    Row{"ordinal()",
        "`set`, `default`: the number of the nearest repeating segment or group; in a key: of the resource"},
    Row{"quantity(\"n unit\")", "`set`, `default`: a Quantity with that number and UCUM unit"},
    Row{"mpi(identifier)", "key: each identifier, as the patient index knows records by"},
    Row{"parent()", "key: the key of the resource whose link or crossing made this one"},
    Row{"msgid()", "key: the sender and control id of the message"},
    Row{"count(PID-3)", "condition: how many repetitions are valued"},
    Row{"length(PID-3)", "condition: how many characters the value has"},
};

constexpr std::array codes = {
    Row{"E001", "a string or a character that no token begins with"},
    Row{"E002", "nested too deeply"},
    Row{"E010", "something else was expected here"},
    Row{"E011", "a name was expected"},
    Row{"E012", "a string was expected"},
    Row{"E013", "indexes count from 1"},
    Row{"E014", "a version was expected"},
    Row{"E020", "a constraint needs a test"},
    Row{"E021", "a v2 path was expected"},
    Row{"E022", "a value was expected"},
    Row{"E023", "a condition needs a test"},
    Row{"E030", "the name of a type map was expected"},
    Row{"E031", "a line needs an arrow; `fmt` takes {} or places"},
    Row{"E032", "a statement starts on its own line or after `;`"},
    Row{"E040", "no declaration begins like this"},
    Row{"E041", "a table row needs an arrow"},
    Row{"E042", "a table row needs a code on each side"},
    Row{"E043", "a site cannot hold a site"},
    Row{"E050", "no item of a message begins like this"},
    Row{"E100", "declared twice; a site uses `extend` or `replace`"},
    Row{"E101", "there is nothing of that name to extend or replace"},
    Row{"E102", "the message has no such segment or group"},
    Row{"E103", "there is no such site, or it stands on itself"},
    Row{"W104", "`drop` finds no line to drop"},
    Row{"E110", "the v2 code has a forward row already; make this row `<-`"},
    Row{"E111", "the FHIR code has a backward row already; make this row `->`"},
    Row{"E120", "unknown system"},
    Row{"E121", "unknown extension"},
    Row{"E122", "unknown slice"},
    Row{"E123", "unknown setting"},
    Row{"E124", "the time zone is neither an IANA name nor an offset"},
    Row{"E130", "the place does not belong to the segments or the data type of this map"},
    Row{"E131", "unknown table"},
    Row{"E132", "unknown type map"},
    Row{"E133", "unknown codec or function"},
    Row{"E134", "the left side repeats and the right side does not: add `[]`, `[#]` or `join`"},
    Row{"E139", "`[*]` stands only on the right of `->`, without `[]` or `join`"},
    Row{"E140", "filled, but made nowhere"},
    Row{"E141", "unknown map"},
    Row{"E142", "the map is for another segment or makes another type"},
    Row{"E143", "a link or an event names what is made nowhere"},
    Row{"E144", "a link begins at what is made nowhere"},
    Row{"E145", "an anchor or `per` names what is made nowhere"},
    Row{"E146", "a variable is made as two types"},
    Row{"E147", "a message needs an anchor"},
    Row{"E148", "there is no such event, or it names too many resources"},
    Row{"E150", "no type map for these two types; those that exist are listed"},
    Row{"E160", "R4 has no such type or element"},
    Row{"E161", "the element cannot hold such a value"},
    Row{"E162", "no HL7 v2 version has that segment, field or data type"},
    Row{"E163", "the element does not repeat"},
    Row{"E164", "the element is no Reference, or not to that type"},
    Row{"E165", "there is no FHIR element to test here"},
    Row{"E166", "`when` takes settings, version and event only"},
    Row{"E167", "`drop` stands only in `extend`"},
    Row{"E168", "`before` and `after` stand only in `extend message`"},
    Row{"E172", "a `fmt` that cannot be read back: use `->` or a codec"},
    Row{"E173", "`one-way` stands on a line that has a way back"},
    Row{"E190", "the maps failed their own test and were not taken into use"},
    Row{"W170", "check: two slices of one array can mean the same element"},
    Row{"W171", "check: a line or branch that nothing reaches"},
    Row{"W211", "check: going back, a branch above is always chosen"},
    Row{"W220", "going back, nothing is known for a mandatory segment"},
    Row{"W221", "going back, the version has no such segment"},
    Row{"W230", "check: a field without a way back"},
    Row{"W231", "check: a map or table that nothing uses"},
    Row{"R300", "no map for messages of this type and event: refused"},
    Row{"R301", "a required value is missing"},
    Row{"R302", "a segment is missing or out of order"},
    Row{"R303", "the message has no MSH"},
    Row{"R305", "the value is not of the type its element needs; it is left out"},
    Row{"R310", "the field repeats and the map reads the first only"},
    Row{"R320", "the table has no code for the value"},
    Row{"R321", "going back, the table has no code for the value"},
    Row{"R340", "the local time does not exist or exists twice"},
    Row{"R341", "the time is not precise enough for an instant; it is left out"},
    Row{"R342", "the time zone is unknown"},
    Row{"R350", "put: the edit of that element has no way into the message"},
    Row{"R351", "put: no message can be made from the resources"},
};

void heading(std::string& out, const char* title, const char* left, const char* right) {
    out += std::string("\n### ") + title + "\n\n| " + left + " | " + right + " |\n|---|---|\n";
}

}  // namespace

std::string reference(const Plan& plan) {
    std::string out;
    heading(out, "Codecs", "`by`", "what it does");
    for (const Codec& codec : all_codecs())
        out += "| `" + std::string(codec.name) + "` | " + std::string(codec.does) +
               (codec.backward ? "" : " (no way back)") + " |\n";
    heading(out, "Functions", "call", "where and what");
    for (const Row& row : functions) out += std::string("| `") + row.name + "` | " + row.text + " |\n";
    heading(out, "Settings of the shipped maps", "setting", "value");
    const std::map<std::string, std::string> settings(plan.settings.begin(), plan.settings.end());
    for (const auto& [name, value] : settings) out += "| `" + name + "` | `" + value + "` |\n";
    heading(out, "Messages to people", "code", "meaning");
    for (const Row& row : codes) out += std::string("| ") + row.name + " | " + row.text + " |\n";
    heading(out, "Messages that have a map", "structure", "events");
    for (const auto& message : plan.messages) {
        std::string events;
        for (const auto& event : message->events) events += (events.empty() ? "" : " ") + event;
        out += "| `" + message->name + "` | " + events + " |\n";
    }
    return out;
}

}  // namespace causeway::mappings
