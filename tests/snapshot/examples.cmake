fermata_snapshot_case(first "${CMAKE_SOURCE_DIR}/examples/first.scxml" "order.paid={\"amount\":12}")
fermata_snapshot_case(order "${CMAKE_SOURCE_DIR}/examples/order.scxml" "ship={\"parcel\":\"P-1\"}" "pay={\"amount\":40}" bill
  "pay={\"amount\":60}" "ship={\"parcel\":\"P-1\"}" deliver)
fermata_snapshot_case(call "${CMAKE_SOURCE_DIR}/examples/call.scxml" greeting.done "digit={\"key\":7}" "digit={\"key\":2}"
  queue.announce "agent.found={\"agent\":\"Kim\"}" agent.lost queue.overflow hangup)
fermata_snapshot_case(parent "${CMAKE_SOURCE_DIR}/examples/parent.scxml" go)
fermata_snapshot_case(retry "${CMAKE_SOURCE_DIR}/examples/retry.scxml")
fermata_snapshot_case(traffic_light "${CMAKE_SOURCE_DIR}/examples/traffic-light.scxml" next fault repaired off)
