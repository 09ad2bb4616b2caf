// A GroupNode points into its tree.
#include "hl7v2/group.hpp"
using namespace causeway::hl7v2;

int main() {
    const auto structure = *dictionary::version("2.5.1").structure("ACK");
    const MessageView message;
#ifdef MUST_NOT_COMPILE
    const GroupNode root = group(message, structure).root();
#else
    const GroupTree tree = group(message, structure);
    const GroupNode root = tree.root();
#endif
    return root ? 0 : 1;
}
