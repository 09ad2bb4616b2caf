// A view borrows its bytes: a temporary string would be gone before the first field is read.
#include "hl7v2/message_view.hpp"
using namespace causeway::hl7v2;

std::string receive() { return "MSH|^~\\&|\r"; }

int main() {
#ifdef MUST_NOT_COMPILE
    const auto view = MessageView::parse(receive());
#else
    const std::string bytes = receive();
    const auto view = MessageView::parse(bytes);
#endif
    return view.has_value() ? 0 : 1;
}
