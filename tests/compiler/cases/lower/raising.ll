define internal {i64, i32} @"t.half"(i64 %".given.a") #0 {
".entry":
  %".local.a" = alloca i64
  store i64 %".given.a", ptr %".local.a"
  %.return.0 = alloca i64
  %.return.1 = alloca i32
  br label %"b.entry"
"b.entry":
  %.1 = load i64, ptr %".local.a"
  %.2 = and i64 %.1, 1
  %.3 = icmp eq i64 %.2, 0
  %.4 = call i1 @llvm.expect.i1(i1 %.3, i1 true)
  br i1 %.4, label %"b.even", label %"b.odd"
"b.even":
  %.5 = load i64, ptr %".local.a"
  %.6 = ashr i64 %.5, 1
  store i64 %.6, ptr %.return.0
  store i32 0, ptr %.return.1
  br label %return
"b.odd":
  %.7 = trunc i64 4 to i32
  store i64 poison, ptr %.return.0
  store i32 %.7, ptr %.return.1
  br label %return
return:
  %.8 = load i64, ptr %.return.0
  %.9 = load i32, ptr %.return.1
  %.10 = insertvalue {i64, i32} poison, i64 %.8, 0
  %.11 = insertvalue {i64, i32} %.10, i32 %.9, 1
  ret {i64, i32} %.11
}

define internal i64 @"t.use"(i64 %".given.a") #0 {
".entry":
  %".local.a" = alloca i64
  store i64 %".given.a", ptr %".local.a"
  %.return.0 = alloca i64
  br label %"b.entry"
"b.entry":
  %.1 = load i64, ptr %".local.a"
  %.2 = call {i64, i32} @"t.half"(i64 %.1)
  %.3 = extractvalue {i64, i32} %.2, 0
  %.4 = extractvalue {i64, i32} %.2, 1
  %.5 = zext i32 %.4 to i64
  %.6 = icmp eq i64 %.5, 0
  br i1 %.6, label %L7, label %L8
L7:
  store i64 %.3, ptr %.return.0
  br label %return
return:
  %.9 = load i64, ptr %.return.0
  ret i64 %.9
L8:
  call void asm sideeffect "", "~{memory}"()
  call void @llvm.ubsantrap(i8 7) #1
  unreachable
}
