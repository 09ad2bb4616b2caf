// A GroupTree points to the message it was made of.
#include "hl7v2/group.hpp"
using namespace causeway::hl7v2;

int main() {
    const auto structure = *dictionary::version("2.5.1").structure("ACK");
#ifdef MUST_NOT_COMPILE
    const GroupTree tree = group(MessageView{}, structure);
#else
    const MessageView message;
    const GroupTree tree = group(message, structure);
#endif
    return static_cast<int>(tree.size());
}
