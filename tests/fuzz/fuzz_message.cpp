// Parsing, every view, writing back, and one edit. A second, plain way of splitting must agree with the views.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/acknowledge.hpp"
#include "hl7v2/builder.hpp"
#include "hl7v2/message.hpp"

using namespace causeway::hl7v2;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i == text.size() || (separator != '\0' && text[i] == separator)) {
            out.push_back(text.substr(begin, i - begin));
            begin = i + 1;
        }
    }
    return out;
}

void check_field(const FieldView& field) {
    const Delimiters& delimiters = field.delimiters();
    const auto repetitions =
        field.raw().empty() ? std::vector<std::string_view>{} : split(field.raw(), delimiters.repetition);
    require(field.repetition_count() == repetitions.size());
    std::size_t r = 0;
    std::string scratch;
    for (const RepetitionView repetition : field.repetitions()) {
        require(repetition.raw() == repetitions[r++]);
        require(field.repetition(r).raw() == repetition.raw());
        std::size_t c = 0;
        const auto components = split(repetition.raw(), delimiters.component);
        for (const ComponentView component : repetition.components()) {
            require(component.raw() == components[c++]);
            require(repetition.component(c).raw() == component.raw());
            std::size_t s = 0;
            for (const ValueView value : component.subcomponents()) {
                require(component.subcomponent(++s).raw() == value.raw());
                require(value.text() == value.text_into(scratch));
                require(value.presence() == Presence::valued || value.text().empty());
            }
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Tolerances tolerances = (data[0] & 1U) != 0 ? Tolerances::all() : Tolerances::usual();
    const auto message = Message::parse(bytes, {{.message_bytes_max = 1U << 20, .segments_max = 2000}, tolerances});
    if (!message) {
        require(message.error().offset <= bytes.size() + 1);
        return 0;
    }
    const MessageView& view = message->view();
    require(MessageBuilder::edit(view).text() == bytes);
    for (const SegmentView segment : view) {
        require(segment.name().size() == 3);
        const auto fields = split(segment.raw(), view.delimiters().field);
        const std::size_t shift = segment.declares_delimiters() && segment.raw().size() > 3 ? 1 : 0;
        require(segment.field_count() + 1 == fields.size() + shift);
        std::size_t number = 0;
        for (const NumberedField numbered : segment.fields()) {
            require(numbered.number == ++number);
            if (number < 300) require(segment.field(number).raw() == numbered.field.raw());
        }
        require(number == segment.field_count());
        for (std::size_t n = 1 + shift; n <= segment.field_count() && n < 200; ++n) {
            require(segment.field(n).raw() == fields[n - shift]);
            check_field(segment.field(n));
        }
    }
    // one edit: read back, and everything else as it was
    const Position position{static_cast<std::uint16_t>(3 + data[0] % 7), static_cast<std::uint16_t>(data[0] % 3),
                            static_cast<std::uint16_t>(data[0] / 64), 0};
    MessageBuilder builder = MessageBuilder::edit(view);
    builder.segment(view.size() - 1).set(position, "x|y^z");
    const std::string edited = builder.text();
    require(edited.size() + 4096 > bytes.size() - view[view.size() - 1].raw().size());
    for (std::size_t i = 0; i + 1 < view.size(); ++i) {
        require(builder.segment(i).view().raw() == view[i].raw());
    }
    const ErrEntry error{.segment = "PID"};
    (void)acknowledge(view, AckCode::ae, {&error, 1}, {.now = "2024", .control_id = "1"});
    return 0;
}
