// Any message, checked by the standard and by every profile that comes with the library, or by a profile made of the
// input: no crash, places inside the message, ERR segments that can be written.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "hl7v2/message.hpp"
#include "hl7v2/validate/validate.hpp"

using namespace causeway::hl7v2;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const MessageView& message, std::span<const std::shared_ptr<const Profile>> profiles) {
    const auto issues = validate(message, {.profiles = profiles, .issues_max = 300});
    require(issues.size() <= 300);
    for (const ValidationIssue& issue : issues) {
        require(issue.offset <= message.bytes().size());
        require(issue.segment.empty() || issue.segment.size() == 3);
        require(!issue.text.empty());
    }
    const std::string ack = acknowledge(message, AckCode::ae, err_entries(issues), {.now = "2024", .control_id = "1"});
    require(!ack.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] == 'p') {  // a profile
        const ProfileLoad load = Profile::parse(bytes);
        require((load.profile == nullptr) != load.faults.empty());
        if (load.profile == nullptr) return 0;
        static const auto message = Message::parse(
            "MSH|^~\\&|A|B|C|D|2024||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1^^^A&1.2&ISO~2||D^J||1970|M\r"
            "OBR|1|||X^Y|||2024||||||||||||||||||F\rOBX|1|NM|G^H||1||||||F\rNTE|1||n\r");
        check(message->view(), {&load.profile, 1});
        return 0;
    }
    const auto message =
        Message::parse(std::string(bytes), {{.message_bytes_max = 1U << 20, .segments_max = 2000}, Tolerances::all()});
    if (message) check(message->view(), built_in_profiles());
    return 0;
}
