// A Message owns what its view points to.
#include "hl7v2/message.hpp"
using namespace causeway::hl7v2;

Message receive() { return *Message::parse("MSH|^~\\&|\r"); }

int main() {
#ifdef MUST_NOT_COMPILE
    const MessageView& view = receive().view();
#else
    const Message message = receive();
    const MessageView& view = message.view();
#endif
    return static_cast<int>(view.size());
}
