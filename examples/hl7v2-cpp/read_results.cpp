// Reads a laboratory result, prints it, checks it, corrects one field and answers it.
#include <fstream>
#include <iostream>
#include <sstream>

#include "hl7v2/acknowledge.hpp"
#include "hl7v2/builder.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/group.hpp"
#include "hl7v2/validate/validate.hpp"

using namespace causeway::hl7v2;  // "PID-3"_v2 comes with it

namespace {

/// One line an observation: every OBX knows its order, because the message is taken apart into groups.
void print_results(const GroupTree& tree) {
    for (const GroupNode result : tree.root()) {
        if (result.name() != "PATIENT_RESULT") continue;
        for (const GroupNode order : result) {
            if (order.name() != "ORDER_OBSERVATION") continue;
            const SegmentView obr = order.child("OBR").segment();
            std::cout << obr.at({.field = 4, .component = 2}).text() << "\n";
            for (const GroupNode observation : order) {
                if (observation.name() != "OBSERVATION") continue;
                const SegmentView obx = observation.child("OBX").segment();
                std::cout << "  " << obx.at({.field = 3, .component = 2}).text() << ": " << obx.at({.field = 5}).text()
                          << " " << obx.at({.field = 6}).text() << "\n";
            }
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::ifstream file(argc > 1 ? argv[1] : "result.hl7", std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();

    // Text in the character set that MSH-18 names becomes UTF-8 before anything else looks at it.
    const auto message = Message::parse(decode_to_utf8(bytes.view()).text);
    if (!message) {
        std::cerr << "byte " << message.error().offset << ": " << describe(message.error().code) << "\n";
        return 1;
    }
    const MessageView& view = message->view();

    // A path that the standard does not have would not compile.
    std::cout << "patient " << view.at("PID-3.1"_v2).text() << ", " << view.at("PID-5.2"_v2).text() << "\n";
    if (view.at("PID-13"_v2).erased()) std::cout << "the telephone number is to be deleted\n";

    if (const auto structure = dictionary::structure_of(view)) print_results(group(view, *structure));

    const auto issues = validate(view);
    for (const ValidationIssue& issue : issues) std::cout << issue.path() << ": " << issue.text << "\n";

    // Only the bytes of PID-8 change.
    MessageBuilder builder = MessageBuilder::edit(view);
    builder.set("PID-8"_v2, "F");
    std::cout << builder.segment(1).view().raw() << "\n";

    const AckCode code = has_error(issues) ? AckCode::ae : AckCode::aa;
    std::string ack = acknowledge(view, code, err_entries(issues), {.now = "20240102030405+0000", .control_id = "A1"});
    for (char& c : ack) c = c == '\r' ? '\n' : c;
    std::cout << ack;
    return 0;
}
