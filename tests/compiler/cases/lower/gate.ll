define internal {i16, i32} @"t.open"(i64 %".given.name", i1 %".given.write") #0 {
".entry":
  %".local.name" = alloca i64
  store i64 %".given.name", ptr %".local.name"
  %".local.write" = alloca i1
  store i1 %".given.write", ptr %".local.write"
  %.return.0 = alloca i16
  %.return.1 = alloca i32
  br label %"b.entry"
"b.entry":
  %.1 = load i1, ptr %".local.write"
  br i1 %.1, label %"b.last", label %"b.bad"
"b.bad":
  %.2 = trunc i64 2 to i32
  store i16 poison, ptr %.return.0
  store i32 %.2, ptr %.return.1
  br label %return
"b.last":
  %.3 = load i64, ptr %".local.name"
  %.4 = trunc i64 %.3 to i16
  store i16 %.4, ptr %.return.0
  store i32 0, ptr %.return.1
  br label %return
return:
  %.5 = load i16, ptr %.return.0
  %.6 = load i32, ptr %.return.1
  %.7 = insertvalue {i16, i32} poison, i16 %.5, 0
  %.8 = insertvalue {i16, i32} %.7, i32 %.6, 1
  ret {i16, i32} %.8
}

define dso_local {i64, i32} @"syscall_0"(i64 %a0, i64 %a1) #0 {
  %.1 = icmp ne i64 %a1, 0
  %.2 = call {i16, i32} @"t.open"(i64 %a0, i1 %.1)
  %.3 = extractvalue {i16, i32} %.2, 0
  %.4 = extractvalue {i16, i32} %.2, 1
  %.5 = zext i16 %.3 to i64
  %.6 = icmp eq i32 %.4, 0
  %.7 = select i1 %.6, i64 %.5, i64 0
  %.8 = insertvalue {i64, i32} poison, i64 %.7, 0
  %.9 = insertvalue {i64, i32} %.8, i32 %.4, 1
  ret {i64, i32} %.9
}

@system_calls = dso_local constant [1 x ptr] [ptr @syscall_0]

@system_call_count = dso_local constant i64 1
