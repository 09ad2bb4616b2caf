// No version of the standard has a field PID-99.
#include "hl7v2/path.hpp"
using namespace causeway::hl7v2;

#ifdef MUST_NOT_COMPILE
constexpr Path path = "PID-99"_v2;
#else
constexpr Path path = "PID-3(2).4"_v2;
#endif
int main() { return path.position.field; }
