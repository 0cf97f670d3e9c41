define dso_local x86_intrcc void @"trap_13"(ptr byval([40 x i8]) align 8 %".given.frame", i64 %".given.error") #0 {
".entry":
  %".local.frame" = alloca ptr
  store ptr %".given.frame", ptr %".local.frame"
  %".local.error" = alloca i64
  store i64 %".given.error", ptr %".local.error"
  br label %"b.entry"
"b.entry":
  %.1 = load i64, ptr %".local.error"
  %.2 = load ptr, ptr %".local.frame"
  store volatile i64 %.1, ptr %.2, align 8
  br label %return
return:
  ret void
}
